// Rows in, a list out that holds only the elements in view: 100,000 rows take as long to draw as twenty.

const OVERSCAN = 6;
const list = {rows: new Int32Array(0), selected: -1, first: -1, last: -1};

// A phone gives each four classifiers a line more.
const rowHeight = () => byId("probe").offsetHeight;

function showRows(rows) {
  list.rows = rows;
  byId("space").style.height = `${rows.length * rowHeight()}px`;
  const none = rows.length === 0;
  byId("empty").hidden = !none;
  list.first = -1;
  drawRows();
}

function drawRows() {
  const box = byId("list"), height = rowHeight();
  const first = Math.max(0, Math.floor(box.scrollTop / height) - OVERSCAN);
  const last = Math.min(list.rows.length, Math.ceil((box.scrollTop + box.clientHeight) / height) + OVERSCAN);
  if (first === list.first && last === list.last) return;
  list.first = first;
  list.last = last;
  const elements = [];
  for (let position = first; position < last; position++) {
    const element = rowElement(list.rows[position], position);
    element.style.transform = `translateY(${position * height}px)`;
    elements.push(element);
  }
  byId("space").replaceChildren(...elements);
  markSelected();
}

function rowElement(row, position) {
  const cells = T.classifiers.map((classifier) => answerCell(classifier, row));
  const party = valueOf("target", row);
  return make("div", {
    class: "row", role: "option", id: `row-${position}`, "aria-selected": "false", "aria-posinset": position + 1,
    "aria-setsize": list.rows.length, "aria-label": spoken(row), onclick: () => { choose(position); byId("list").focus({preventScroll: true}); },
  },
  make("span", {class: "text", dir: "auto"}, ...markedText(row)),
  make("span", {class: "party", dir: "auto"}, party),
  make("span", {class: "truth"}, setName(T.truth[row])),
  make("span", {class: "answers"}, ...cells));
}

function answerCell(classifier, row) {
  const [sign, kind] = signOf(classifier, row), p = answerProbability(classifier, row);
  const bar = make("i", {class: "bar"});
  bar.style.setProperty("--share", Number.isNaN(p) ? 0 : p);
  return make("span", {class: `answer ${kind}`, "data-name": classifier.name, title: `${classifier.name}: ${setName(classifier.label[row])}`},
    make("b", {}, sign), make("span", {class: "word"}, setName(classifier.label[row])),
    abstains(classifier, row) && make("em", {title: "abstains"}, "~"), make("small", {}, agreement(classifier, row)), bar);
}

function spoken(row) {
  const answers = T.classifiers.map((classifier) => {
    const seeds = agreement(classifier, row);
    return `${classifier.name}: ${setName(classifier.label[row])}, ${signOf(classifier, row)[2]}${seeds ? `, ${seeds} seeds agree` : ""}`;
  });
  const party = valueOf("target", row);
  return `${T.shows_text ? textOf(row) : T.ids[row]} ${party ? `Party: ${party}. ` : ""}Truth: ${setName(T.truth[row])}. ${answers.join("; ")}`;
}

function markSelected() {
  const box = byId("list");
  for (const element of byId("space").children) {
    const here = element.id === `row-${list.selected}`;
    element.classList.toggle("here", here);
    element.setAttribute("aria-selected", String(here));
  }
  if (byId(`row-${list.selected}`)) box.setAttribute("aria-activedescendant", `row-${list.selected}`);
  else box.removeAttribute("aria-activedescendant");
}

// Select a row by its position in the list; -1 selects none.
function choose(position) {
  list.selected = list.rows.length ? Math.max(-1, Math.min(position, list.rows.length - 1)) : -1;
  if (list.selected >= 0) {
    const box = byId("list"), height = rowHeight(), top = list.selected * height;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + height > box.scrollTop + box.clientHeight) box.scrollTop = top + height - box.clientHeight;
    drawRows();
  }
  markSelected();
  rowChosen(list.selected < 0 ? null : list.rows[list.selected]);
}

function drawHead() {
  const names = T.classifiers.map((classifier) => make("span", {class: "answer", title: classifier.name}, classifier.name));
  byId("head").replaceChildren(make("span", {class: "text"}, T.shows_text ? "sentence" : "row"), make("span", {class: "party"}, "party"),
    make("span", {class: "truth"}, "truth"), make("span", {class: "answers"}, ...names));
}
