
"use strict";

const $ = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** An element with its attributes and what is in it; text stays text. */
function make(name, attributes = {}, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(space, "use"));
  svg.firstChild.setAttribute("href", `#${name}`);
  return svg;
}

const table = $("#matrix");
const rows = all("tr.operation");
const heads = all(".roles th");
const data = JSON.parse($("#data").textContent);

// Filters

const filters = $("#filters");
const checked = (name) =>
  new Set(all(`input[name="${name}"]:checked`).map((input) => input.value));

/** Hides columns of other roles, and rows in which nothing fits; pales what does not. */
function filter() {
  const roles = checked("role");
  const effects = checked("effect");
  const words = $("#operation").value.toLowerCase().split(/\s+/);
  const changed = $("#changed")?.checked;
  const shown = heads.map((head) => roles.has(head.dataset.role));
  heads.forEach((head, place) => { head.hidden = !shown[place]; });
  fitScopes(shown);
  for (const row of rows) {
    const text = row.dataset.words.toLowerCase();
    let fits = false;
    all("td", row).forEach((cell, place) => {
      const fit = effects.has(cell.dataset.effect) && (!changed || cell.classList.contains("changed"));
      cell.hidden = !shown[place];
      cell.classList.toggle("dim", !fit);
      fits ||= fit && shown[place];
    });
    row.hidden = !fits || !words.every((word) => text.includes(word));
  }
  for (const body of table.tBodies) body.hidden = !$("tr.operation:not([hidden])", body);
  const count = rows.filter((row) => !row.hidden).length;
  $("#count").textContent = `${count} of ${rows.length} operations`;
  $("#nothing").hidden = count > 0;
  table.hidden = count === 0;
  settle();
}

/** The heads of scopes span the columns that are left. */
function fitScopes(shown) {
  let place = 0;
  for (const head of all("[data-scope]")) {
    head.dataset.width ??= head.colSpan;
    const width = Number(head.dataset.width);
    const left = shown.slice(place, place + width).filter(Boolean).length;
    head.hidden = left === 0;
    head.colSpan = left || 1;
    place += width;
  }
}

filters.addEventListener("input", filter);
$("#all-button").addEventListener("click", () => {
  filters.reset();
  filter();
});
filters.addEventListener("submit", (event) => event.preventDefault());

// One cell is in the order of tabs; arrows lead to the others
// (https://www.w3.org/WAI/ARIA/apg/patterns/grid/).

table.setAttribute("role", "grid");
const buttons = () => rows.filter((row) => !row.hidden)
  .map((row) => all("td:not([hidden]) button", row));

function settle() {
  const current = $("#matrix button[tabindex='0']");
  const left = buttons().flat();
  for (const button of all("#matrix button")) button.tabIndex = -1;
  const next = left.includes(current) ? current : left[0];
  if (next) next.tabIndex = 0;
}

function go(button) {
  if (!button) return;
  for (const one of all("#matrix button[tabindex='0']")) one.tabIndex = -1;
  button.tabIndex = 0;
  const [above, beside] = [$("thead").offsetHeight, $(".corner").offsetWidth];
  $(".frame").style.scrollPadding = `${above}px 0 0 ${beside}px`;  // not under the heads
  button.focus();
}

table.addEventListener("keydown", (event) => {
  const cells = buttons();
  const at = cells.findIndex((row) => row.includes(event.target));
  if (at < 0 || event.altKey || event.metaKey) return;
  const across = cells[at].indexOf(event.target);
  const last = cells[at].length - 1;
  const far = event.ctrlKey;
  const where = {
    ArrowLeft: [at, across - 1],
    ArrowRight: [at, across + 1],
    ArrowUp: [at - 1, across],
    ArrowDown: [at + 1, across],
    PageUp: [Math.max(0, at - 10), across],
    PageDown: [Math.min(cells.length - 1, at + 10), across],
    Home: [far ? 0 : at, 0],
    End: [far ? cells.length - 1 : at, last],
  }[event.key];
  if (!where) return;
  event.preventDefault();
  go(cells[where[0]]?.[where[1]]);
});

// Explanations

const dialog = $("#explanation");

function pill(effect) {
  return make("span", { class: `pill ${effect}` }, icon(effect), effect);
}

function said(policy, many) {
  const parts = many ? [make("h3", {}, policy.name)] : [];
  parts.push(make("p", {}, pill(policy.effect)));
  if (policy.conditions.length) {
    const items = policy.conditions.map((condition) => make("li", {}, condition));
    const lead = items.length > 1 ? "Allowed are those, and only those, to whom one of these applies:" : "Allowed are those, and only those:";
    parts.push(make("p", {}, lead), make("ul", {}, ...items));
  }
  if (policy.remark) parts.push(make("p", { class: "quiet" }, `To be known: ${policy.remark}.`));
  const scopes = policy.scopes.length ? `, for tokens scoped to: ${policy.scopes.join(", ")}` : "";
  parts.push(make(many ? "h4" : "h3", { class: "minor" }, `The rule [${policy.origin}]${scopes}`));
  parts.push(make("div", { class: "check" }, policy.check));
  return make("section", {}, ...parts);
}

function facts(values) {
  const entries = Object.entries(values).map(([name, value]) =>
    [make("dt", {}, name), make("dd", {}, Array.isArray(value) ? value.join(", ") : String(value))]);
  return make("dl", { class: "facts" }, ...entries.flat());
}

function tree(node) {
  const [word, style] = { true: ["yes", "yes"], false: ["no", "not"], null: ["fails", "not"] }[node.value];
  const why = node.why ? `: ${node.why}` : "";
  const line = make("li", {}, make("b", { class: style }, word), ` ${node.text}`, make("span", { class: "quiet" }, why));
  if (node.origin) line.append(make("span", { class: "quiet" }, `  [${node.origin}]`));
  if (node.parts.length) line.append(make("ul", {}, ...node.parts.map(tree)));
  return line;
}

function example(one, policies) {
  const many = policies.length > 1;
  const answers = one.answers.map((answer, place) => make("section", {},
    make("h4", { class: "minor" }, many ? policies[place].name : "The checks"),
    make("p", {}, pill(answer.allowed ? "allowed" : "denied")),
    make("ul", { class: "tree" }, tree(answer.tree))));
  const target = Object.keys(one.target).length
    ? [make("h4", { class: "minor" }, "asking for a target that has"), facts(one.target)] : [];
  return make("section", { class: "example" },
    make("h3", {}, "For example a caller who has"), facts(one.caller), ...target,
    make("div", { class: "sides" }, ...answers));
}

function explain(button) {
  const cell = button.closest("td");
  const row = cell.parentElement;
  const place = all("td", row).indexOf(cell);
  const found = data[Number(button.dataset.place)];
  const many = found.policies.length > 1;
  const routes = all(".route", row).map((route) => route.textContent.trim().replace(/\s+/g, " "));
  $("#explained").textContent = routes.join(", ") || $(".rule", row).textContent;
  const scope = scopeOf(place);
  const change = found.change ? `: ${found.change}` : "";
  $(".whom", dialog).textContent = `${heads[place].dataset.role}, ${scope}${change}`;
  const examples = found.examples.map((one) => example(one, found.policies));
  $(".body", dialog).replaceChildren(
    make("div", { class: "sides" }, ...found.policies.map((policy) => said(policy, many))), ...examples);
  dialog.classList.toggle("wide", many);
  dialog.showModal();
  $(".body", dialog).scrollTop = 0;
}

function scopeOf(place) {
  for (const head of all("[data-scope]")) {
    place -= Number(head.dataset.width);
    if (place < 0) return head.textContent;
  }
  return "";
}

table.addEventListener("click", (event) => {
  const button = event.target.closest("td button");
  if (!button) return;
  go(button);
  explain(button);
});
$("#close-button").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

// Light, dark, or as the system has it

const themes = ["system", "light", "dark"];
const themeButton = $("#theme-button");

function paint(theme) {
  document.documentElement.dataset.theme = theme;
  $("span", themeButton).textContent = `Colours: ${theme}`;
}

themeButton.addEventListener("click", () => {
  const now = themes.indexOf(document.documentElement.dataset.theme);
  paint(themes[(now + 1) % themes.length]);
});

paint("system");
themeButton.hidden = false;
filters.hidden = false;
$("#scriptless").hidden = true;
filter();
