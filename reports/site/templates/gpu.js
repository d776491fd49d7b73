// Draws what a GPU's page holds as tables and figures: the map by other measures, a case in full, bandwidth by size.
(() => {
  const data = window.diagbench;
  const OPERANDS = { cold: "operands in DRAM", hot: "operands reused" };
  const ids = Object.fromEntries(Object.entries(data.cases).map(([id, [label]]) => [label, id]));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const digits = (value) => Math.abs(value) >= 99.95 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
  const span = (low, high, write = digits) => write(low) === write(high) ? write(low) : `${write(low)} to ${write(high)}`;
  const of = (times) => Object.values(times).flat();
  const unique = (values) => [...new Set(values)];

  function make(tag, given = {}, ...children) {
    const made = Object.assign(document.createElement(tag), given);
    made.append(...children);
    return made;
  }

  function choice(label, options, changed) {
    const select = make("select", { autocomplete: "off" },
      ...Object.entries(options).map(([value, words]) => make("option", { value }, words)));
    select.addEventListener("change", changed);
    return [make("label", {}, label, select), select];
  }

  function controls(label, ...choices) {
    const form = make("form", { className: "live", ariaLabel: label }, ...choices.map(([shown]) => shown));
    form.addEventListener("submit", (event) => event.preventDefault());
    return form;
  }

  function table(label, heads, rows) {
    const cell = (tag, text, at) => make(tag, { className: at && heads[at].number ? "number" : "" }, text);
    const head = make("tr", {}, ...heads.map(({ text }, at) => Object.assign(cell("th", text, at), { scope: "col" })));
    const body = rows.map((row) => make("tr", {},
      ...row.map((text, at) => at ? cell("td", text, at) : make("th", { scope: "row" }, text))));
    const whole = make("table", {}, make("caption", {}, label), make("thead", {}, head), make("tbody", {}, ...body));
    const wide = make("div", { className: "wide", tabIndex: 0, ariaLabel: label }, whole);
    wide.setAttribute("role", "region");
    return wide;
  }

  // Vega names every group a symbol for readers of screens; the whole has one label, and a table beside it.
  async function chart(place, spec) {
    const theme = dark.matches ? "dark" : "light";
    await window.vegaEmbed(place, { ...spec, config: data.looks[theme] }, { actions: false, renderer: "svg", tooltip: { theme } });
    for (const each of place.querySelectorAll("[role^=graphics]")) {
      each.removeAttribute("role");
      each.removeAttribute("aria-roledescription");
    }
  }

  // The map: other measures of the same cells, fewer rows, and a case in full.
  const MEASURES = {
    ratio: ["time over the fastest's", null],
    us: ["µs, the slowest run", ([, times]) => digits(Math.max(...of(times)))],
    speed: ["GB/s, the slowest run", ([, times], bytes) => digits(bytes / 1e3 / Math.max(...of(times)))],
    share: ["% of the best copy, the least of all runs", ([share]) => share ? (100 * share[0]).toFixed(1) : "–"],
  };

  function told(series, id, name) {
    const [share, times] = data.times[series][id][name];
    const every = of(times), form = data.full[series][id]?.[name]?.[6];
    const copies = share ? `, ${span(100 * share[0], 100 * share[1], (each) => each.toFixed(1))} % of the best copy` : "";
    const runs = Object.keys(times).length;
    return `${name}, ${data.cases[id][0]}, ${OPERANDS[series]}: ${span(Math.min(...every), Math.max(...every))} µs in ` +
      `${runs} run${runs > 1 ? "s" : ""}${copies}${form ? `; ${form}` : ""}`;
  }

  function map(series) {
    const found = document.getElementById(`every-case-${OPERANDS[series].toLowerCase().replaceAll(" ", "-")}`);
    if (!found) return;
    const wide = found.parentElement.querySelector(".wide");
    const names = [...wide.querySelectorAll("thead th")].map((head) => head.textContent);
    const rows = [...wide.querySelectorAll("tbody tr")];
    const cells = rows.flatMap((row) => {
      const id = ids[row.cells[0].textContent];
      const open = make("button", { type: "button", className: "case", title: "This case in full" }, row.cells[0].textContent);
      open.addEventListener("click", () => { location.hash = `case=${series}/${id}`; });
      row.cells[0].replaceChildren(open);
      return [...row.cells].slice(1).map((cell, at) => ({ cell, id, name: names[at + 1], text: cell.textContent }))
        .filter(({ name }) => data.times[series][id][name]);
    });
    for (const { cell, id, name } of cells)
      cell.addEventListener("mouseenter", () => { cell.title ||= told(series, id, name); });

    function show() {
      for (const row of rows)
        row.hidden = dtype.value && data.cases[ids[row.cells[0].textContent]][3] !== dtype.value;
      for (const { cell, id, name, text } of cells) {
        const write = MEASURES[measure.value][1], mark = text.match(/ [*~]$/)?.[0] ?? "";
        cell.textContent = write ? write(data.times[series][id][name], data.cases[id][5]) + mark : text;
      }
    }
    const dtypes = unique(rows.map((row) => data.cases[ids[row.cells[0].textContent]][3]));
    const byDtype = choice("dtype", { "": "every dtype", ...Object.fromEntries(dtypes.map((each) => [each, each])) }, show);
    const byMeasure = choice("shown", Object.fromEntries(Object.entries(MEASURES).map(([key, [words]]) => [key, words])), show);
    const dtype = byDtype[1], measure = byMeasure[1];
    wide.before(controls(`The map, ${OPERANDS[series]}`, byDtype, byMeasure));
  }

{% include "case.js" %}
  // Bandwidth by size, of the newest run: any dtype, by three measures.
  const BYTES = "datum.value >= 1024 ? datum.value / 1024 + ' GiB' : datum.value >= 1 ? datum.value + ' MiB' : datum.value * 1024 + ' KiB'";
  const BY = {
    speed: { title: "GB/s", scale: { type: "log", nice: false } },
    lens: { field: "share", title: "% of the best copy, from 90 %", scale: { domainMin: 90, zero: false, clamp: true } },
    share: { title: "% of the best copy", scale: { zero: false } },
    ratio: { title: "time over the fastest's", scale: { domain: [1, 2], clamp: true } },
  };

  // What has a colour of its own is drawn last, above what has not.
  const rank = (name) => name === data.copy ? 0 : data.colours[name] === data.looks.muted ? 1 : 2;

  function points(series, dtype) {
    return Object.entries(data.full[series]).flatMap(([id, of]) => {
      const [label, rows, cols, own, layout, bytes] = data.cases[id];
      if (own !== dtype || layout !== "contiguous") return [];
      const least = Math.min(...Object.entries(of).filter(([name]) => name !== data.copy).map(([, [us]]) => us));
      return Object.entries(of).map(([name, [us, , , share, low, high, form]]) => ({
        name, label, us, share, form: form || "–", mib: bytes / 2 ** 20, square: rows === cols,
        ratio: us / least, speed: bytes / 1e3 / us, interval: low === null ? "–" : `${low.toFixed(1)} to ${high.toFixed(1)}` }));
    }).sort((a, b) => rank(a.name) - rank(b.name) || a.mib - b.mib);
  }

  function curve(values, measure, picked, width) {
    const names = unique(values.map((each) => each.name));
    const shown = values.map((each) => ({ ...each, faint: picked !== "" && each.name !== picked && each.name !== data.copy }));
    const x = { field: "mib", type: "quantitative", title: "bytes moved", scale: { type: "log", base: 2, nice: false, padding: 12 },
      axis: { labelExpr: BYTES, values: [-4, 0, 4, 8, 12].map((power) => 2 ** power), labelFlush: true, grid: true } };
    const y = { field: measure, type: "quantitative", ...BY[measure], axis: { format: ",~r", tickCount: 6, grid: true } };
    const color = { field: "name", type: "nominal", scale: { domain: names, range: names.map((name) => data.colours[name]) },
      legend: { title: null, orient: "bottom", columns: Math.max(1, Math.floor(width / 190)), symbolType: "circle" } };
    const opacity = { condition: [{ test: "datum.faint", value: 0.12 }, { param: "pick", value: 1 }], value: 0.12 };
    const tooltip = [{ field: "name", title: "backend" }, { field: "label", title: "case" }, { field: "us", title: "µs" },
      { field: "speed", format: ",.0f", title: "GB/s" }, { field: "share", format: ".1f", title: "% of the best copy" },
      { field: "interval", title: "99 %" }, { field: "ratio", format: ".3f", title: "over the fastest's" }, { field: "form" }];
    const line = (text, at) => ({ data: { values: [at] }, mark: { type: "rule", strokeDash: [4, 3], color: data.looks.neutral },
      encoding: text });
    const limits = [line({ x: { datum: data.cacheBytes / 2 ** 20, type: "quantitative" } }, {})];
    if (measure === "speed" && data.peak) limits.push(line({ y: { datum: data.peak, type: "quantitative" } }, {}));
    return {
      width: "container", height: 380, autosize: { type: "fit-x", contains: "padding" }, data: { values: shown },
      layer: [...limits,
        { mark: { type: "line", strokeWidth: 1.5 }, transform: [{ filter: "datum.square" }], encoding: { x, y, color, opacity } },
        { params: [{ name: "pick", select: { type: "point", fields: ["name"] }, bind: "legend" }],
          mark: { type: "point", filled: true, size: 60 }, encoding: { x, y, color, opacity, tooltip,
            shape: { condition: { test: "datum.square", value: "circle" }, value: "diamond" } } },
      ],
    };
  }

  function bandwidth() {
    const figures = document.querySelector("#bandwidth-by-size ~ .figures");
    if (!figures) return;
    const place = make("div", { className: "chart" }), under = make("p", { className: "note" }), numbers = make("details");
    place.setAttribute("role", "img");
    const dtypes = unique(Object.values(data.cases).map((each) => each[3]));
    const show = () => {
      const values = points(series.value, dtype.value), names = unique(values.map((each) => each.name));
      const words = `${BY[measure.value].title} by size, ${dtype.value}, ${OPERANDS[series.value]}`;
      place.setAttribute("aria-label", `${words}; the numbers stand in the table below`);
      const peak = measure.value === "speed" && data.peak ? ` and the peak of ${digits(data.peak)} GB/s` : "";
      under.textContent = `${words}; run of ${data.newest}. Circles, joined: squares; diamonds: other shapes. ` +
        `Dashed: the cache's ${data.cache}${peak}. Click a name to pick it out.`;
      const rows = unique(values.map((each) => each.label)).map((label) => [label, ...names.map((name) => {
        const each = values.find((one) => one.label === label && one.name === name);
        const value = each?.[BY[measure.value].field ?? measure.value];
        return value == null ? "–" : measure.value === "ratio" ? value.toFixed(3) : digits(value);
      })]);
      numbers.replaceChildren(make("summary", {}, "The numbers of this chart"),
        table(words, ["case", ...names].map((text, at) => ({ text, number: at > 0 })), rows));
      chart(place, curve(values, measure.value, picked.value, place.clientWidth));
    };
    const alike = (values) => Object.fromEntries(values.map((each) => [each, each]));
    const choices = [
      choice("dtype", alike(dtypes), show), choice("operands", OPERANDS, show),
      choice("shown", Object.fromEntries(Object.entries(BY).map(([key, { title }]) => [key, title])), show),
      choice("picked out", { "": "every backend", ...alike(Object.keys(data.colours).filter((name) => name !== data.copy)) }, show),
    ];
    const [dtype, series, measure, picked] = choices.map(([, select]) => select);
    if (dtypes.includes("float32")) dtype.value = "float32";
    figures.classList.add("replaced");
    figures.before(controls("Bandwidth by size", ...choices), make("div", { className: "live" }, place, under, numbers));
    show();
    dark.addEventListener("change", show);
    let width = place.clientWidth;
    addEventListener("resize", () => { if (place.clientWidth !== width) { width = place.clientWidth; show(); } });
  }

  map("cold");
  map("hot");
  bandwidth();
  addEventListener("hashchange", read);
  read();
})();
