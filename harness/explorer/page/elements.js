// Rows in, the elements that show them out.

const decimals = (value, digits = 3) => Number.isNaN(value) ? "–" : value.toFixed(digits).replace(/^(-?)0\./, "$1.");
const thousands = (value) => value.toLocaleString("en-US");
const percent = (value) => Number.isNaN(value) ? "–" : `${Math.round(100 * value)} %`;
const counted = (n, noun) => `${thousands(n)} ${noun}${n === 1 ? "" : "s"}`;

// The sentence with its party marked; without sentences, the id.
function markedText(row) {
  if (!T.shows_text) return [T.ids[row]];
  const text = textOf(row), start = T.col.start[row], end = T.col.end[row];
  if (start < 0) return [text];
  return [text.slice(0, start), make("mark", {}, text.slice(start, end)), text.slice(end)];
}

function signOf(classifier, row) {
  if (!wasAsked(classifier, row)) return ["", "absent", "not scored"];
  if (classifier.label[row] === MISSING) return ["∅", "wrong", "no answer"];
  return isRight(classifier, row) ? ["✓", "right", "right"] : ["✗", "wrong", "wrong"];
}

function agreement(classifier, row) {
  const [agreeing, asked] = seedsAgreeing(classifier, row);
  return asked > 1 ? `${agreeing}/${asked}` : "";
}
