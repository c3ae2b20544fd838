// Counts by cluster in, 95 % intervals out: the method of harness/scoring/score_intervals.py, which says why each step
// is taken, with random numbers of its own. Of all rows of a part, the page shows the numbers of the run itself.

const DRAWS = 2000, MIN_DRAWS = 200, STEPS = 2.4e8, SLICE_MILLISECONDS = 12, TAIL = 0.025, MAX_UNDEFINED = 0.05;
const MIN_LABEL_ITEMS = 3, PRIOR = 0.5, MAX_PRIOR_PER_ROW = 1.5;

// Normal and gamma variables from uniform ones (Box & Muller; Marsaglia & Tsang 2000, with their step for shapes below 1).
function variables(seed) {
  const next = randomNumbers(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const gamma = (shape) => {
    const d = shape + 1 - 1 / 3, c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const z = normal(), v = (1 + c * z) ** 3;
      if (v > 0 && Math.log(1 - next()) < z * z / 2 + d - d * v + d * Math.log(v)) return d * v * (1 - next()) ** (1 / shape);
    }
  };
  return {next, gamma};
}

// Probability that a normal variable exceeds z, for z >= 0 (Press et al., Numerical Recipes: relative error below 1.2e-7).
function normalTail(z) {
  const x = z / Math.SQRT2, t = 1 / (1 + x / 2);
  const factors = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
  return t * Math.exp(-x * x + factors.reduceRight((sum, factor) => sum * t + factor, 0)) / 2;
}

function logGamma(x) {
  const factors = [76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155, 0.1208650973866179e-2, -0.5395239384953e-5];
  const sum = factors.reduce((total, factor, index) => total + factor / (x + 1 + index), 1.000000000190015);
  return Math.log(2.5066282746310005 * sum / x) + (x + 0.5) * Math.log(x + 5.5) - x - 5.5;
}

// The regularized incomplete beta function by Lentz's continued fraction, where it converges fast.
function incompleteBeta(a, b, x) {
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x);
  const safe = (value) => Math.abs(value) < 1e-300 ? 1e-300 : value;
  let c = 1, d = 1 / safe(1 - (a + b) * x / (a + 1)), fraction = d;
  for (let m = 1; m < 300; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    let change = 1;
    for (const step of [even, odd]) {
      d = 1 / safe(1 + step * d);
      c = safe(1 + step / c);
      change = c * d;
      fraction *= change;
    }
    if (Math.abs(change - 1) < 1e-12) break;
  }
  return Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) * fraction / a;
}

// The 97.5 % quantile of Student's t, for one degree of freedom or more.
function tQuantile(freedom) {
  let low = 1.95, high = 12.8;
  for (let step = 0; step < 50; step++) {
    const t = (low + high) / 2;
    if (incompleteBeta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2 > TAIL) low = t; else high = t;
  }
  return low;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function variance(values) {
  const defined = values.filter((value) => !Number.isNaN(value)), middle = mean(defined);
  return defined.length > 1 ? defined.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (defined.length - 1) : 0;
}

// The share of draws that the interval leaves out at either end; `leftOut`: the score without each cluster.
function tailShare(leftOut, itemVariance, allVariance, clusters) {
  const n = leftOut.length, middle = mean(leftOut);
  const squares = leftOut.reduce((sum, value) => sum + (value - middle) ** 2, 0), fourth = leftOut.reduce((sum, value) => sum + (value - middle) ** 4, 0);
  if (!Number.isFinite(squares) || squares === 0 || !(itemVariance > 0) || !(allVariance > 0)) {
    return clusters <= 1 ? TAIL : normalTail(tQuantile(clusters - 1) * Math.sqrt(clusters / (clusters - 1)));
  }
  const jackknife = squares * (n - 1) / n, ratio = Math.sqrt((allVariance + Math.max(0, jackknife - itemVariance)) / allVariance);
  return normalTail(ratio * tQuantile(Math.min(Math.max(3 * squares ** 2 / fourth, 1), n - 1)));
}

// Both ends of the percentile interval, quantiles of type 6; null where too many draws have no value.
function ends(draws, tail) {
  const ordered = draws.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b), n = ordered.length;
  if (!n || n < (1 - MAX_UNDEFINED) * draws.length) return null;
  return [tail, 1 - tail].map((share) => {
    const position = Math.min(Math.max(n * share + share - 1, 0), n - 1), below = Math.floor(position);
    return ordered[below] + (position - below) * (ordered[Math.min(below + 1, n - 1)] - ordered[below]);
  });
}

// Means over seeds of each draw, moved as other seeds would move them beyond what items do (over_items_and_seeds).
function overSeeds(values, seeds, shares) {
  const draws = values.length / seeds, means = new Float64Array(draws);
  for (let i = 0; i < values.length; i++) means[Math.floor(i / seeds)] += values[i] / seeds;
  if (seeds === 1) return {of: means, items: means};
  const off = new Float64Array(seeds), moved = new Float64Array(seeds);
  for (let i = 0; i < values.length; i++) off[i % seeds] += (values[i] - means[Math.floor(i / seeds)]) / draws;
  for (let i = 0; i < values.length; i++) moved[i % seeds] += (values[i] - means[Math.floor(i / seeds)] - off[i % seeds]) ** 2 / draws;
  const total = off.reduce((sum, value) => sum + value * value, 0) / (seeds - 1), noise = moved.reduce((sum, value) => sum + value, 0) / (seeds - 1);
  const scale = Math.sqrt(total > noise ? (total - noise) / total * seeds / (seeds - 1) : 0);
  const of = means.map((value, draw) => { let shift = 0; for (let seed = 0; seed < seeds; seed++) shift += shares[draw * seeds + seed] * off[seed]; return value + scale * shift; });
  return {of, items: means};
}

// How often each label occurs in all clusters, and per cluster as an item meets it; of several labels, not having it too.
function truthCounts(tally) {
  const k = T.labels.length, sums = new Float64Array(2 * k), squares = new Float64Array(2 * k);
  for (let at = 0; at < tally.counts.length; at += tally.size) {
    for (let label = 0; label < k; label++) {
      const cell = at + 2 + 3 * label, has = tally.counts[cell] + tally.counts[cell + 2], lacks = tally.counts[at] - has;
      sums[label] += has; squares[label] += has * has;
      sums[k + label] += lacks; squares[k + label] += lacks * lacks;
    }
  }
  return {sums, perCluster: squares.map((square, index) => sums[index] ? square / sums[index] : 1)};
}

// Pseudo-counts of one draw, in the form of a seed's counts.
function pseudoCounts(gamma, perCluster, missing, into) {
  const k = T.labels.length, columns = (T.multi ? 2 : k) + (missing ? 1 : 0), shape = Math.min(PRIOR, MAX_PRIOR_PER_ROW / columns);
  into.fill(0);
  for (let truth = 0; truth < (T.multi ? 2 * k : k); truth++) {
    for (let given = 0; given < columns; given++) {
      const n = gamma(shape) * perCluster[truth];
      if (T.multi) {
        // Rows that have the label: missed, hit, not answered; of the others a false alarm counts.
        if (truth < k) into[2 + 3 * truth + (given === 1 ? 0 : 2)] += n; else if (given === 1) into[3 + 3 * (truth - k)] += n;
        continue;
      }
      into[0] += n;
      if (given === truth) into[1] += n;
      into[2 + 3 * truth + (given === truth ? 0 : 2)] += n;
      if (given < k && given !== truth) into[3 + 3 * given] += n;
    }
  }
}

// Scores of each seed into `accuracy` and `f1`, from position `at` on.
function scoreSeeds(sums, width, accuracy, f1, at) {
  for (let seed = 0; seed * width < sums.length; seed++) {
    const values = scoresOf(sums.subarray(seed * width, (seed + 1) * width), width);
    accuracy[at + seed] = values.accuracy;
    f1[at + seed] = values.f1;
  }
}

// Resample clusters, in slices so that the page stays responsive; null where something else was asked for meanwhile.
async function resample(tally, draws, perCluster, cancelled) {
  const {clusters, size, width, counts} = tally, seeds = size / width, {next, gamma} = variables(clusters);
  const drawn = Object.fromEntries(["accuracy", "f1", "smoothAccuracy", "smoothF1", "shares"].map((name) => [name, new Float64Array(draws * seeds)]));
  const sums = new Float64Array(size), pseudo = new Float64Array(width);
  let began = performance.now();
  for (let draw = 0; draw < draws; draw++) {
    sums.fill(0);
    for (let i = 0; i < clusters; i++) {
      const at = Math.floor(next() * clusters) * size;
      for (let cell = 0; cell < size; cell++) sums[cell] += counts[at + cell];
    }
    scoreSeeds(sums, width, drawn.accuracy, drawn.f1, draw * seeds);
    pseudoCounts(gamma, perCluster, tally.missing, pseudo);
    for (let cell = 0; cell < size; cell++) sums[cell] += pseudo[cell % width];
    scoreSeeds(sums, width, drawn.smoothAccuracy, drawn.smoothF1, draw * seeds);
    for (let seed = 0; seed < seeds; seed++) drawn.shares[draw * seeds + Math.floor(next() * seeds)] += 1 / seeds;
    if (performance.now() - began > SLICE_MILLISECONDS) {
      await pause();
      if (cancelled()) return null;
      began = performance.now();
    }
  }
  // The share of rows that are right in all labels is a mean over rows, which has no table to add to.
  if (T.multi) drawn.smoothAccuracy = drawn.accuracy;
  return drawn;
}

function withoutEach(tally) {
  const totals = summed(tally), rest = new Float64Array(tally.size), accuracy = [], f1 = [];
  for (let at = 0; at < tally.counts.length; at += tally.size) {
    for (let cell = 0; cell < tally.size; cell++) rest[cell] = totals[cell] - tally.counts[at + cell];
    const left = scoresOf(rest, tally.width);
    accuracy.push(left.accuracy);
    f1.push(left.f1);
  }
  return {accuracy, f1};
}

// Rows of a part that a classifier was scored on, counted once.
const wholeParts = new Map();
function sizeOfPart(classifier, split) {
  const key = `${classifier.number} ${split}`;
  if (!wholeParts.has(key)) {
    let n = 0;
    for (let row = 0; row < T.n; row++) if (T.split[T.col.split[row]] === split && wasAsked(classifier, row)) n++;
    wholeParts.set(key, n);
  }
  return wholeParts.get(key);
}

// What the run itself says, where these are all rows of a part.
function ofTheRun(classifier, tally) {
  const logged = classifier.scores[state.split];
  if (!logged || T.n < T.of || tally.n !== sizeOfPart(classifier, state.split)) return null;
  const range = ([, low, high]) => low === null ? null : [low, high];
  return {accuracy: range(logged.accuracy), f1: range(logged.f1), draws: 0};
}

// Intervals of accuracy and macro-F1; null where there are none.
async function intervals(classifier, tally, cancelled) {
  const logged = ofTheRun(classifier, tally);
  if (logged) return logged;
  const draws = Math.min(DRAWS, Math.floor(STEPS / (tally.clusters * tally.size)));
  if (tally.clusters < 2 || draws < MIN_DRAWS) return null;
  const {sums, perCluster} = truthCounts(tally), drawn = await resample(tally, draws, perCluster, cancelled);
  if (!drawn) return null;
  const left = withoutEach(tally), value = score(tally), seeds = tally.size / tally.width;
  const sizes = Float64Array.from({length: tally.clusters}, (_, cluster) => tally.counts[cluster * tally.size]), total = sizes.reduce((sum, size) => sum + size, 0);
  const effective = total ** 2 / sizes.reduce((sum, size) => sum + size * size, 0);
  const stretch = (classifier.scores[state.split] || {stretch: [1]}).stretch[0];
  const interval = (name, smooth, leftOut) => {
    const plain = overSeeds(drawn[name], seeds, drawn.shares), smoothed = overSeeds(drawn[smooth], seeds, drawn.shares);
    const tail = tailShare(leftOut, variance(plain.items), variance(plain.of), effective);
    const inner = ends(plain.of, tail), outer = ends(smoothed.of, tail);
    if (!inner) return null;
    const bounds = [...inner, ...(outer || []), value[name]], low = Math.min(...bounds), high = Math.max(...bounds);
    // An interval without width would claim certainty.
    return low === high ? null : [low, high].map((end) => Math.min(1, Math.max(0, value[name] + stretch * (end - value[name]))));
  };
  const repeats = Math.max(1, classifier.repeats), rare = sums.subarray(0, T.labels.length).some((n) => n / repeats < MIN_LABEL_ITEMS);
  return {accuracy: interval("accuracy", "smoothAccuracy", left.accuracy), f1: rare ? null : interval("f1", "smoothF1", left.f1), draws};
}
