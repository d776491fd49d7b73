  // A case in full: every run and restart of every backend.
  const title = make("h2", { id: "case-title" });
  const inside = make("div", { className: "inside" });
  const close = make("button", { type: "button", className: "close" }, "Close");
  const dialog = make("dialog", {}, close, title, inside);
  dialog.setAttribute("aria-labelledby", "case-title");
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search));
  document.querySelector("main").append(dialog);

  function draws(cells) {
    const found = Object.entries(cells).flatMap(([name, [, times]]) =>
      Object.entries(times).flatMap(([run, each]) => each.map((us, restart) => ({ name, run: Number(run), restart, us }))));
    const least = {};
    for (const each of found) {
      const key = `${each.run}/${each.restart}`;
      least[key] = Math.min(least[key] ?? Infinity, each.us);
    }
    return found.map((each) => ({ ...each, ratio: each.us / least[`${each.run}/${each.restart}`] }));
  }

  const LENS = 1.3;

  function strips(found, names) {
    const values = found.map((each) => ({ ...each, shown: Math.min(each.ratio, LENS), off: each.ratio > LENS,
      when: data.runs[each.run][0], colour: data.colours[each.name], process: each.restart + 1 }));
    const end = Math.max(1.05, ...values.map((each) => each.shown));
    const axis = { ticks: false, domain: false, grid: true, labelPadding: 10 };
    const y = { field: "name", type: "nominal", sort: names, title: null, axis };
    const x = { field: "shown", type: "quantitative", scale: { domain: [1, end], nice: false },
      axis: { format: ".2f", tickCount: 5 }, title: "time over the fastest's" };
    const colour = { field: "colour", type: "nominal", scale: null };
    return {
      width: "container", height: 24 * names.length, autosize: { type: "fit-x", contains: "padding" }, data: { values },
      layer: [
        { mark: { type: "rule", strokeWidth: 2, opacity: 0.6 }, encoding: { y, color: colour,
          x: { ...x, aggregate: "min" }, x2: { field: "shown", aggregate: "max" } } },
        { mark: { type: "point", filled: true, size: 70, opacity: 0.9 }, encoding: { y, x, color: colour,
          shape: { field: "off", type: "nominal", legend: null, scale: { domain: [false, true], range: ["circle", "triangle-right"] } },
          tooltip: [{ field: "name", title: "backend" }, { field: "us", title: "µs" },
            { field: "ratio", format: ".3f", title: "over the fastest's" }, { field: "when", title: "run" }, { field: "process", title: "fresh process" }] } },
      ],
    };
  }

  function ask(series, id) {
    const [, rows, cols, dtype, layout] = data.cases[id];
    return `index.html#${new URLSearchParams({ device: data.device, shape: `${rows}x${cols}`, dtype, layout,
      called: series === "hot" ? "graph-hot" : "graph-cold" })}`;
  }

  function inFull(series, id) {
    const cells = data.times[series]?.[id];
    if (!cells) return;
    const found = draws(cells), worst = {};
    for (const each of found) worst[each.name] = Math.max(worst[each.name] ?? 0, each.ratio);
    const names = Object.keys(worst).sort((a, b) => worst[a] - worst[b]);
    const [label, , , , , bytes, regime] = data.cases[id], full = data.full[series][id] ?? {};
    const heads = ["backend", "µs", "at worst, over the fastest's", "GB/s", "% of the best copy",
      "µs in the newest run, 5\u00a0% to 95\u00a0%", "form"].map((text, at) => ({ text, number: at && at < 6 }));
    const rows = names.map((name) => {
      const [share, times] = cells[name], every = of(times), now = full[name];
      const least = Math.min(...every), most = Math.max(...every);
      return [name, span(least, most), worst[name].toFixed(3), digits(bytes / 1e3 / most),
        share ? span(100 * share[0], 100 * share[1], (each) => each.toFixed(1)) : "–",
        now ? span(now[1], now[2]) : "–", now?.[6] || "–"];
    });
    title.textContent = `${label}, ${OPERANDS[series]}`;
    const place = make("div", { className: "chart" });
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", `Time over the fastest's in every run, ${label}; the table below holds the same`);
    const runs = unique(found.map((each) => each.run)).map((run) => make("a", { href: data.runs[run][1] }, data.runs[run][0]));
    const histogram = make("div", { className: "chart" }), samples = data.samples[series][id] ?? {};
    const near = names.filter((name) => samples[name]?.[0] < CLOSE * Math.min(...found.map((each) => each.us)));
    histogram.setAttribute("role", "img");
    histogram.setAttribute("aria-label", `How many rounds of the newest run took how long, ${label}; the table holds from 5 % to 95 % of them`);
    inside.replaceChildren(
      make("p", {}, `${regime}; a launch moves at least ${digits(bytes / 1e6)} MB. A dot is one fresh process of one run` +
        `${Math.max(...Object.values(worst)) > LENS ? `; ▸ is beyond ${LENS}` : ""}.`),
      place, table(`All backends at ${label}`, heads, rows),
      ...(near.length ? [make("h3", {}, "The samples of the newest run"), histogram, make("p", { className: "note" },
        `Each bar counts rounds; the outermost hold what lies beyond 1 % and 99 %.${left(names.filter((name) => samples[name]), near)}`)] : []),
      ...counters(series, id),
      make("p", { className: "note" }, "Runs: ", ...runs.flatMap((each) => [each, " "]),
        make("a", { href: ask(series, id) }, "the answer for this case")));
    if (!dialog.open) dialog.showModal();
    chart(place, strips(found, names));
    if (near.length) chart(histogram, bars(samples, near));
  }

  const left = (names, near) => {
    const others = names.filter((name) => !near.includes(name));
    return others.length ? ` Not drawn, beyond ${CLOSE} × the fastest: ${others.join(", ")}.` : "";
  };

  const CLOSE = 1.05;

  // A row of bars per backend, on one scale of time: how its samples are spread.
  function bars(samples, names) {
    const values = names.flatMap((name, row) => {
      const [from, width, ...counts] = samples[name], most = Math.max(...counts), rounds = counts.reduce((sum, each) => sum + each);
      return counts.map((count, at) => ({ name, count, rounds, from: from + at * width, to: from + (at + 1) * width,
        base: row + 1, top: row + 1 - 0.85 * count / most, colour: data.colours[name] })).filter((each) => each.count);
    });
    const rows = names.map((_, row) => row + 0.6);
    const axis = { values: rows, labelExpr: `${JSON.stringify(names)}[floor(datum.value)]`, ticks: false, domain: false, grid: false };
    return {
      width: "container", height: 30 * names.length, autosize: { type: "fit-x", contains: "padding" }, data: { values },
      mark: { type: "bar", binSpacing: 0 },
      encoding: {
        x: { field: "from", type: "quantitative", scale: { zero: false }, axis: { tickCount: 6 }, title: "µs" }, x2: { field: "to" },
        y: { field: "top", type: "quantitative", scale: { domain: [names.length, 0], nice: false }, axis, title: null }, y2: { field: "base" },
        color: { field: "colour", type: "nominal", scale: null },
        tooltip: [{ field: "name", title: "backend" }, { field: "count", title: "rounds" }, { field: "rounds", title: "of" },
          { field: "from", format: ".4~r", title: "µs from" }, { field: "to", format: ".4~r", title: "to" }],
      },
    };
  }

  // What Nsight Compute counted, where it was asked; elsewhere the way to that case.
  function counters(series, id) {
    const head = make("h3", {}, "Counters of Nsight Compute"), counted = data.counters;
    if (!counted) return [head, make("p", { className: "note" }, "None were taken on this GPU; ", make("code", {}, "tox -e profile"), " does.")];
    if (counted.case !== id || series !== "cold") {
      const there = make("a", { href: `#case=cold/${counted.case}` }, data.cases[counted.case]?.[0] ?? counted.case);
      return [head, make("p", { className: "note" }, "They were taken at ", there, ", operands in DRAM.")];
    }
    const heads = counted.heads.map((text, at) => ({ text, number: at > 2 }));
    return [head, ...counted.said.map((words) => make("p", { className: "note" }, words)), table("Counters of Nsight Compute", heads, counted.rows)];
  }

  function read() {
    const [, series, id] = decodeURIComponent(location.hash).match(/^#case=(cold|hot)\/(.+)$/) ?? [];
    if (series) inFull(series, id);
  }
