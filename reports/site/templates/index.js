// Looks the answer up and shows it; every answer was computed by what `tox -e select` runs.
(() => {
  const names = ["device", "shape", "dtype", "layout", "called"];
  const field = Object.fromEntries(names.map((name) => [name, document.getElementById(name)]));
  const badges = {{ form.badges | tojson }};
  const box = document.getElementById("answer");
  const line = (text) => Object.assign(document.createElement("p"), { textContent: text });

  const link = (run) => {
    const [textContent, href] = window.diagbench.runs[run];
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("a"), { textContent, href }));
    return item;
  };

  function look() {
    const given = Object.fromEntries(names.map((name) => [name, field[name].value]));
    const ways = window.diagbench.answers[given.device]?.[`${given.shape}-${given.dtype}-${given.layout}`];
    return ways?.[given.called] ?? ["unknown", [
      `Not measured: ${given.shape} ${given.dtype} ${given.layout} on ${field.device.selectedOptions[0].text}`,
      "Ask for the nearest: tox -e select -- --rows N --cols M --dtype DTYPE --device NAME"], []];
  }

  function show() {
    const [status, [first, ...rest], runs] = look();
    const head = document.createElement("p");
    const strong = Object.assign(document.createElement("strong"), { textContent: first });
    const badge = Object.assign(document.createElement("span"), {
      className: `badge ${status}`, textContent: badges[status] });
    head.append(strong, " ", badge);
    box.dataset.status = status;
    const list = Object.assign(document.createElement("ul"), { ariaLabel: "The runs behind it" });
    list.append(...runs.map(link));
    const more = document.createElement("div");
    more.className = "more";
    if (status === "measured") {
      const series = field.called.value === "graph-hot" ? "hot" : "cold";
      const place = `${field.shape.value}-${field.dtype.value}-${field.layout.value}`;
      more.append(window.diagbench.exact[field.device.value][first.split(" ")[0]] ?? "", " ", Object.assign(document.createElement("a"), {
        textContent: "All backends in this case", href: `gpu-${field.device.value}.html#case=${series}/${place}` }));
    }
    box.replaceChildren(head, ...rest.map(line), ...(runs.length ? [list, more] : []));
  }

  function read() {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const name of names) {
      const value = asked.get(name);
      if ([...field[name].options].some((option) => option.value === value)) field[name].value = value;
    }
    show();
  }

  for (const name of names) {
    field[name].addEventListener("change", () => {
      history.replaceState(null, "", `#${new URLSearchParams(names.map((each) => [each, field[each].value]))}`);
      show();
    });
  }
  document.getElementById("question").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", read);
  read();
})();
