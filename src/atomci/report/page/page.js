"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const STEP = 200, OPEN = 3;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Texts come from tools and tests, so they are only ever set as text.
  function make(tag, name, ...inside) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...inside.filter((part) => part !== "" && part !== null));
    return element;
  }
  function bar(part, name) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 100 10");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const rect = document.createElementNS(space, "rect");
    rect.setAttribute("width", String(part));
    rect.setAttribute("height", "10");
    rect.setAttribute("class", name);
    svg.append(rect);
    return svg;
  }
  const seconds = (value) => (value >= 9.95 ? value.toFixed(1) : value.toFixed(2)) + " s";

  function excerpt(path, line, last) {
    const lines = data.sources[path];
    if (!lines) return null;
    const near = Object.keys(lines).map(Number).filter((n) => n >= line - 3 && n <= line + 3);
    if (!near.length) return null;
    const block = make("pre");
    const width = String(near[near.length - 1]).length;
    for (const number of near) {
      const at = number >= line && number <= Math.max(line, Math.min(last || line, line + 3));
      block.append(make("span", at ? "at" : "", make("span", "number", String(number).padStart(width) + "  "), lines[number]));
    }
    block.tabIndex = 0;
    return block;
  }
  function block(text) {
    const made = make("pre", "", text);
    made.tabIndex = 0;
    return made;
  }
  function fold(head, body) {
    const details = make("details");
    details.append(make("summary", "", ...head));
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) details.append(make("div", "body", ...body()));
    });
    return make("li", "", details);
  }
  function logOf(name) {
    const atom = data.atoms.find((row) => row.name === name);
    if (!atom || !atom.href) return "";
    const link = make("a", "", "log");
    link.href = atom.href;
    return make("p", "", link);
  }

  function problem(row) {
    const found = row.finding;
    const again = make("p", "", "again: ", make("code", "", data.again + row.atom));
    const excused = row.overridden ? make("p", "odd", row.overridden) : "";
    if (!found) {
      return fold([make("span", "bad", row.atom), " " + row.reason],
        () => [excused, row.details ? block(row.details) : "", again, logOf(row.atom)]);
    }
    const level = found.level || "error";
    const where = found.path + ":" + found.line + (found.column ? ":" + found.column : "");
    const head = [
      make("span", level === "error" ? "bad" : "odd", level), " ", found.message, " ",
      make("span", "rule", found.tool + " " + found.rule), make("span", "place", where),
    ];
    return fold(head, () => {
      const link = found.url && /^https:/.test(found.url) ? make("a", "", "about " + found.rule) : "";
      if (link) { link.href = found.url; link.rel = "noreferrer"; }
      return [excused, excerpt(found.path, found.line, found.end_line) || "", row.details ? block(row.details) : "",
        found.fixable ? make("p", "", "its tool can fix it") : "", link ? make("p", "", link) : "", again, logOf(row.atom)];
    });
  }
  const OUTCOMES = { passed: "good", failed: "bad", error: "bad", rerun: "odd", quarantined: "odd" };
  function test(row) {
    const word = row.flaky ? "flaky" : row.outcome;
    const line = make("li", "row test", make("span", row.flaky ? "odd" : OUTCOMES[row.outcome] || "soft", word),
      make("code", "", row.nodeid), make("span", "seconds", seconds(row.seconds)));
    const held = row.quarantine;
    const until = held && held.owner + ", until " + held.until + ", " + held.days_left + " days left: " + held.reason;
    const said = [row.flaky ? "passed at attempt " + row.attempts : "",
      held ? "in quarantine (" + until + ")" : "", row.message || ""].filter(Boolean).join("; ");
    if (said) line.append(make("span", ""), make("span", "soft", said));
    return line;
  }
  function ranges(lines) {
    const found = [];
    for (const line of lines) {
      const last = found[found.length - 1];
      if (last && line === last[1] + 1) last[1] = line;
      else found.push([line, line]);
    }
    return found.map(([a, b]) => (a === b ? String(a) : a + "–" + b)).join(", ");
  }
  // Rounded down: what isn't whole never looks whole.
  const percent = (number) => (Math.floor(number * 10 + 1e-9) / 10).toFixed(1) + " %";
  function file(row) {
    const parts = [row.missing_lines.length ? "lines " + ranges(row.missing_lines) : "",
      row.missing_branches.length ? "branches " + row.missing_branches.join(", ") : ""];
    return make("li", "row file", make("code", "", row.path),
      bar(row.percent, row.percent >= data.coverage.budget ? "good" : "bad"),
      make("span", "percent", percent(row.percent)),
      make("span", "lines", "to cover: " + parts.filter(Boolean).join("; ")));
  }

  const views = {
    problems: {
      rows: data.problems, draw: problem, unit: "problems", empty: "Nothing is red.",
      facet: (row) => (row.finding ? row.finding.tool : "atoms"),
      text: (row) => [row.atom, row.reason, row.finding && [row.finding.path, row.finding.line, row.finding.tool,
        row.finding.rule, row.finding.message, row.finding.level || "error"].join(" ")].join(" "),
    },
    tests: {
      rows: data.tests, draw: test, unit: "tests", empty: "No test ran.",
      facet: (row) => (row.flaky ? "flaky" : row.outcome),
      text: (row) => [row.nodeid, row.outcome, row.message || "", row.quarantine ? "quarantine " + row.quarantine.owner : ""].join(" "),
    },
    coverage: {
      rows: data.coverage ? data.coverage.files : [], draw: file, unit: "files",
      empty: data.coverage ? "Every line and branch is covered." : "Coverage wasn't measured in this run.",
      facet: () => null, text: (row) => row.path,
    },
    run: { rows: all("#run li.atom"), facet: (row) => row.dataset.status, text: (row) => row.textContent, unit: "atoms" },
  };
  for (const view of Object.values(views)) {
    view.texts = view.rows.map((row) => view.text(row).toLowerCase());
    view.facets = view.rows.map(view.facet);
    view.query = "";
    view.chosen = new Set();
    view.limit = STEP;
  }
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  let current = "problems";

  function matching(view) {
    const words = view.query.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (text) => words.every((word) =>
      word.length > 1 && word[0] === "-" ? !text.includes(word.slice(1)) : text.includes(word));
    const found = [];
    for (let i = 0; i < view.rows.length; i++) {
      if ((!view.chosen.size || view.chosen.has(view.facets[i])) && fits(view.texts[i])) found.push(i);
    }
    return found;
  }
  function draw() {
    const view = views[current];
    const found = matching(view);
    if (current === "run") {
      const kept = new Set(found);
      view.rows.forEach((row, i) => { row.hidden = !kept.has(i); });
      tell(view, found.length, found.length);
      return;
    }
    const section = document.getElementById(current);
    const list = make("ul");
    const now = found.slice(0, view.limit);
    for (const i of now) list.append(view.draw(view.rows[i]));
    if (current === "problems") for (const one of all("details", list).slice(0, OPEN)) one.open = true;
    const parts = [list];
    if (current === "coverage" && data.coverage && data.coverage.percent !== null) {
      const said = data.coverage.said || percent(data.coverage.percent) + " covered, budget " + data.coverage.budget + " %";
      parts.unshift(make("p", data.coverage.met ? "" : "bad", said + ". There are "
        + data.coverage.statements.toLocaleString("en") + " statements; files that aren't listed are covered wholly."));
    }
    if (!view.rows.length) parts.push(make("p", "", view.empty));
    else if (!found.length) parts.push(make("p", "", "Nothing fits the filter. ", make("kbd", "", "Esc"), " clears it."));
    if (found.length > now.length) {
      const more = make("button", "more", "Show " + Math.min(STEP * 5, found.length - now.length) + " more");
      more.addEventListener("click", () => {
        const at = view.limit;
        view.limit += STEP * 5;
        draw();
        const next = all("li", section)[at];
        if (next) (next.querySelector("summary") || next).focus();
      });
      parts.push(more);
    }
    section.replaceChildren(...parts);
    tell(view, found.length, now.length);
  }
  function tell(view, found, now) {
    const total = view.rows.length;
    shown.textContent = total === 0 ? "" : (found === total ? total + " " + view.unit : found + " of " + total + " " + view.unit)
      + (now < found ? ", the first " + now + " are shown" : "");
  }
  function facets() {
    const view = views[current];
    const counts = new Map();
    for (const name of view.facets) if (name) counts.set(name, (counts.get(name) || 0) + 1);
    const buttons = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => {
      const button = make("button", "", name + " " + count);
      button.type = "button";
      button.setAttribute("aria-pressed", String(view.chosen.has(name)));
      button.addEventListener("click", () => {
        if (!view.chosen.delete(name)) view.chosen.add(name);
        button.setAttribute("aria-pressed", String(view.chosen.has(name)));
        view.limit = STEP;
        draw();
      });
      return button;
    });
    document.getElementById("facets").replaceChildren(...(buttons.length > 1 ? buttons : []));
  }
  function choose(name, focus) {
    current = name;
    for (const tab of all("nav button")) {
      const own = tab.getAttribute("aria-controls") === name;
      tab.setAttribute("aria-selected", String(own));
      tab.tabIndex = own ? 0 : -1;
      if (own && focus) tab.focus();
    }
    for (const section of all("main > section")) section.hidden = section.id !== name;
    search.value = views[name].query;
    facets();
    draw();
    history.replaceState(null, "", "#view=" + name);
  }

  const counts = {
    problems: data.problems.length, tests: data.tests.length, run: data.atoms.length,
    coverage: data.coverage && data.coverage.percent !== null ? percent(data.coverage.percent) : "",
  };
  const tabs = all("nav button");
  tabs.forEach((tab, i) => {
    const name = tab.getAttribute("aria-controls");
    tab.querySelector(".count").textContent = String(counts[name]);
    tab.addEventListener("click", () => choose(name, false));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) choose(tabs[(i + step + tabs.length) % tabs.length].getAttribute("aria-controls"), true);
    });
  });
  search.addEventListener("input", () => {
    views[current].query = search.value;
    views[current].limit = STEP;
    draw();
  });

  function step(by) {
    const rows = all("summary", document.getElementById(current)).concat(
      current === "problems" ? [] : all("li.row:not([hidden])", document.getElementById(current)));
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))];
    if (next.tabIndex < 0) next.tabIndex = -1;
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }
  function toggleAll() {
    const rows = all("details", document.getElementById(current));
    const open = rows.some((row) => !row.open);
    for (const row of rows) row.open = open;
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      views[current].query = search.value = "";
      views[current].chosen.clear();
      facets();
      draw();
      search.blur();
      return;
    }
    if (event.target === search) {
      if (event.key === "Enter") { search.blur(); step(1); }
      return;
    }
    const name = ["problems", "run", "tests", "coverage"][Number(event.key) - 1];
    if (name) choose(name, false);
    else if (event.key === "/") search.focus();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "e") toggleAll();
    else return;
    event.preventDefault();
  });

  for (const part of all("nav, .tools")) part.hidden = false;
  const wanted = location.hash.replace("#view=", "");
  choose(views[wanted] ? wanted : data.problems.length ? "problems" : "run", false);
})();
