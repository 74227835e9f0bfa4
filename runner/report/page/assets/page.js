"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const say = (text) => { document.getElementById("said").textContent = text; };

  // --- the tools of figures, for those that are seen ---
  const tool = (text, kind, figure) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.dataset.save = kind;
    button.setAttribute("aria-label", `${text}: ${figure.querySelector("svg.drawing").getAttribute("aria-label").slice(0, 80)}`);
    return button;
  };
  const addLater = (within) => {
    for (const later of within.querySelectorAll("details[open] > script.later")) {
      later.insertAdjacentHTML("afterend", later.textContent);
      later.remove();
    }
  };
  const equip = (within) => {
    addLater(within);
    for (const figure of within.querySelectorAll("figure:not(:has(.tools))")) {
      if (figure.closest("details:not([open])")) continue;
      const tools = document.createElement("p");
      tools.className = "tools";
      tools.append(tool("Save as SVG", "svg", figure));
      if (figure.dataset.set) tools.append(" ", tool("Save data as CSV", "csv", figure));
      figure.append(tools);
    }
  };
  equip(document);
  document.addEventListener("toggle", (event) => equip(event.target.parentElement), true);

  // --- light and dark ---
  const theme = document.getElementById("theme");
  const isDark = () => root.style.colorScheme
    ? root.style.colorScheme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { root.style.colorScheme = isDark() ? "light" : "dark"; name(); });
  name();

  // --- a link into something folded unfolds it ---
  const unfold = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();

  // --- sorting ---
  const keyOf = (row, column) => {
    const entry = row.cells[column];
    return entry.dataset.key === undefined ? entry.textContent : Number(entry.dataset.key);
  };
  const compare = (a, b) => {
    if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1; // what is unknown comes last
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
  };
  const sort = (heading) => {
    const table = heading.closest("table");
    const column = heading.cellIndex;
    const turn = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const keyed = [...table.tBodies[0].rows].map((row) => ({ row, key: keyOf(row, column) }));
    keyed.sort((a, b) => (a.key === "" || b.key === "" ? 1 : turn) * compare(a.key, b.key));
    table.tBodies[0].append(...keyed.map(({ row }) => row));
    for (const other of heading.parentElement.cells) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
  };

  // --- copying and saving ---
  const copy = async (button) => {
    const code = button.parentElement.querySelector("code");
    let told = "Copied";
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code); // the user presses Ctrl-C
      told = "Selected: press Ctrl-C";
    }
    say(told);
    button.textContent = told;
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  const save = (content, type, file) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type }));
    link.download = file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    say(`Saved ${file}`);
  };
  const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-weight", "font-family"];
  const inSvg = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const styled = (original) => {
    const clone = original.cloneNode(true);
    const originals = [original, ...original.querySelectorAll("*")];
    [clone, ...clone.querySelectorAll("*")].forEach((element, index) => {
      const style = getComputedStyle(originals[index]);
      for (const property of STYLES) element.setAttribute(property, style.getPropertyValue(property));
      element.removeAttribute("class");
      element.removeAttribute("style");
    });
    return clone;
  };
  const standalone = (svg, figure) => { // other programs know neither this page's style sheet nor its legend
    const clone = styled(svg);
    const { width, height } = svg.viewBox.baseVal;
    const entries = [...figure.querySelectorAll(".legend li")];
    const whole = height + 18 * entries.length + (entries.length ? 8 : 0);
    entries.forEach((entry, index) => {
      const top = height + 18 * index;
      const symbol = styled(entry.querySelector("svg"));
      for (const [key, value] of Object.entries({ x: 60, y: top, width: 14, height: 14 })) symbol.setAttribute(key, value);
      const text = inSvg("text", { x: 80, y: top + 11, "font-size": "12px", "font-family": "sans-serif", fill: "#1d1f23" });
      text.textContent = entry.textContent.trim();
      clone.append(symbol, text);
    });
    clone.prepend(inSvg("rect", { width, height: whole, fill: "#ffffff" }));
    clone.setAttribute("viewBox", `0 0 ${width} ${whole}`);
    clone.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    return clone.outerHTML;
  };
  const saveFigure = (figure) => {
    const chosen = root.style.colorScheme;
    root.style.colorScheme = "light"; // for paper
    figure.querySelectorAll("svg.drawing").forEach((svg, index) => {
      const name = figure.id.replace("figure-", "");
      save(standalone(svg, figure), "image/svg+xml", `${name}${index ? `-${index + 1}` : ""}.svg`);
    });
    root.style.colorScheme = chosen;
  };
  const field = (value) => {
    const text = value === null ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  let parsed;
  const dataOf = (set) => {
    parsed ??= JSON.parse(document.getElementById("data").textContent);
    return parsed.data[set];
  };
  const saveData = (set) => {
    const { columns, rows } = dataOf(set);
    const cells = dataOf("cells");
    const full = rows.map(([cell, ...rest]) => [...cells.rows[cell], ...rest]); // cells are given by number
    save([[...cells.columns, ...columns.slice(1)], ...full].map((row) => row.map(field).join(",")).join("\n") + "\n", "text/csv", `${set}.csv`);
  };

  // --- what if: the same model as runner/analysis/what_if.py ---
  const at = (workers, curve) => {
    const known = [...new Map(curve)].sort((a, b) => a[0] - b[0]);
    if (known.length === 1) return known[0][1];
    let after = known.findIndex(([count]) => count >= workers);
    if (after < 0) after = known.length - 1;
    const [[left, low], [right, high]] = [known[Math.max(after, 1) - 1], known[Math.max(after, 1)]];
    return Math.max(0, low + ((high - low) * (workers - left)) / (right - left));
  };
  const timeOf = (model, items, task, workers, column) => {
    const curve = (place) => model.points.map((point) => [point[0], point[place]]);
    const chunk = Math.min(model.tasks_per_chunk ?? items, items);
    const rounds = Math.ceil(Math.ceil(items / chunk) / workers);
    const slowdowns = [[1, 1], ...curve(column)];
    const slowdown = Math.max(at(workers, slowdowns), Math.min(...slowdowns.map(([, value]) => value)));
    const work = rounds * (chunk * task * slowdown + at(workers, curve(3)));
    const onCpus = model.usable_cpus ? (items * task * model.cpu_share) / model.usable_cpus : 0;
    return at(workers, curve(1)) + at(workers, curve(2)) * task + Math.max(work, onCpus);
  };
  const predict = (model, items, task, workers) => {
    const loop = items * task;
    let most = items / Math.ceil(items / workers);
    if (model.usable_cpus && model.cpu_share) most = Math.min(most, model.usable_cpus / model.cpu_share);
    most = Math.max(most, 1);
    const isSameBag = items === model.items && Math.abs(task - model.task_s) <= 1e-9 * model.task_s;
    const point = isSameBag && model.points.find(([count]) => count === workers);
    if (point) {
      const [speedup, low, high] = point.slice(7);
      return { time: loop / speedup, loop, speedup, low, high, most: Math.max(most, speedup), isMeasured: true };
    }
    const speedups = [4, 5, 6].map((column) => Math.min(loop / timeOf(model, items, task, workers, column), most));
    const [speedup] = speedups;
    return { time: loop / speedup, loop, speedup, low: Math.min(...speedups), high: Math.max(...speedups), most, isMeasured: false };
  };
  const digits = (value) => {
    if (Math.abs(value) > 0 && Math.abs(value) < 0.095) return String(Number(value.toPrecision(2)));
    return value.toFixed(Math.abs(value) < 9.995 ? 2 : Math.abs(value) < 99.95 ? 1 : 0);
  };
  const seconds = (value) => {
    const [factor, unit] = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]].find(([least]) => value >= 0.9995 * least) ?? [1e-9, "ns"];
    return `${digits(value / factor)} ${unit}`;
  };
  const whatIf = document.getElementById("what-if");
  if (whatIf) {
    const { models } = JSON.parse(document.getElementById("data").textContent);
    const fields = whatIf.elements;
    const choose = () => {
      const { points, usable_cpus: cpus, workers } = models[fields.model.value];
      fields.workers.max = 2 * Math.max(...points.map(([count]) => count), cpus ?? 1);
      fields.workers.value = workers;
    };
    const show = () => {
      const model = models[fields.model.value];
      const items = Math.max(1, Math.round(model.items * 10 ** (fields.items.value / 25)));
      const task = model.task_s * 10 ** (fields.duration.value / 25);
      const workers = Number(fields.workers.value);
      const told = predict(model, items, task, workers);
      fields["items-shown"].value = String(items);
      fields["duration-shown"].value = seconds(task);
      fields["workers-shown"].value = String(workers);
      const times = told.speedup >= 1 ? `${digits(told.speedup)} times as fast as the loop` : `${digits(1 / told.speedup)} times as long as the loop`;
      fields.prediction.value = `${seconds(told.time)}: ${times}`;
      const whose = told.isMeasured ? "its interval" : "if its tasks slow down as measured";
      const range = `${digits(told.low)} to ${digits(told.high)} (${whose}), and at most ${digits(told.most)}`;
      const measured = told.isMeasured ? "This was measured: compare it with the table" : "This is extrapolated from what was measured";
      fields.limits.value = `The loop takes ${seconds(told.loop)}. The speedup is ${digits(told.speedup)}: ${range}. ${measured}.`;
      fields.items.setAttribute("aria-valuetext", `${items} items`);
      fields.duration.setAttribute("aria-valuetext", seconds(task));
      fields.workers.setAttribute("aria-valuetext", `${workers} workers`);
    };
    fields.model.addEventListener("change", () => { choose(); show(); });
    whatIf.addEventListener("input", show);
    choose();
    show();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("sort" in button.dataset) sort(button.closest("th"));
    else if ("copy" in button.dataset) copy(button);
    else if (button.dataset.save === "svg") saveFigure(button.closest("figure"));
    else if (button.dataset.save === "csv") saveData(button.closest("figure").dataset.set);
  });
})();
