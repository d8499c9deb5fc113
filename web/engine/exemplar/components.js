// Principal components: eigenvectors of a symmetric matrix, by Householder's reduction to three diagonals and the implicit QL
// method (Bowdler, Martin, Reinsch and Wilkinson, 1968; EISPACK's tred2 and tql2). In Python it is torch.linalg.eigh.

const STEPS = 60;                    // for one eigenvalue; it takes two or three

// matrix: Float64Array of n x n, symmetric. -> { values, ascending; vectors: Float64Array, a row for each }
export function eigen(matrix, n) {
  const rows = Array.from({ length: n }, (_, i) => matrix.slice(i * n, (i + 1) * n));
  const diagonal = new Float64Array(n), beside = new Float64Array(n);
  reduce(rows, diagonal, beside, n);
  iterate(rows, diagonal, beside, n);
  const order = [...diagonal.keys()].sort((a, b) => diagonal[a] - diagonal[b]), vectors = new Float64Array(n * n);
  order.forEach((column, i) => { for (let k = 0; k < n; k++) vectors[i * n + k] = rows[k][column]; });
  return { values: Float64Array.from(order, (i) => diagonal[i]), vectors };
}

// To three diagonals; `a` becomes the transformation.
function reduce(a, diagonal, beside, n) {
  for (let i = n - 1; i > 0; i--) {
    let scale = 0, square = 0;
    for (let k = 0; k < i; k++) scale += Math.abs(a[i][k]);
    if (i > 1 && scale) {
      for (let k = 0; k < i; k++) {
        a[i][k] /= scale;
        square += a[i][k] ** 2;
      }
      const last = a[i][i - 1], root = last >= 0 ? -Math.sqrt(square) : Math.sqrt(square);
      beside[i] = scale * root;
      square -= last * root;
      a[i][i - 1] = last - root;
      fold(a, beside, i, square);
    } else {
      beside[i] = a[i][i - 1];
    }
    diagonal[i] = i > 1 ? square : 0;
  }
  [diagonal[0], beside[0]] = [0, 0];
  for (let i = 0; i < n; i++) {
    if (diagonal[i]) {
      for (let j = 0; j < i; j++) {
        let sum = 0;
        for (let k = 0; k < i; k++) sum += a[i][k] * a[k][j];
        for (let k = 0; k < i; k++) a[k][j] -= sum * a[k][i];
      }
    }
    diagonal[i] = a[i][i];
    a[i][i] = 1;
    for (let j = 0; j < i; j++) a[i][j] = a[j][i] = 0;
  }
}

// One reflection, about the vector that stands in row i, applied from both sides to what is left of it.
function fold(a, beside, i, square) {
  let sum = 0;
  for (let j = 0; j < i; j++) {
    let along = 0;
    a[j][i] = a[i][j] / square;
    for (let k = 0; k <= j; k++) along += a[j][k] * a[i][k];
    for (let k = j + 1; k < i; k++) along += a[k][j] * a[i][k];
    beside[j] = along / square;
    sum += beside[j] * a[i][j];
  }
  const half = sum / (2 * square);
  for (let j = 0; j < i; j++) {
    const mine = a[i][j], theirs = (beside[j] -= half * mine);
    for (let k = 0; k <= j; k++) a[j][k] -= mine * beside[k] + theirs * a[i][k];
  }
}

// To one diagonal, whose numbers are the eigenvalues; the columns of `a` become their vectors.
function iterate(a, diagonal, beside, n) {
  beside.copyWithin(0, 1);
  beside[n - 1] = 0;
  for (let l = 0; l < n; l++) {
    for (let step = 0; ; step++) {
      let m = l;
      while (m < n - 1 && Math.abs(beside[m]) > Number.EPSILON * (Math.abs(diagonal[m]) + Math.abs(diagonal[m + 1]))) m += 1;
      if (m === l) break;
      if (step === STEPS) throw new Error("the principal components were not found");
      turn(a, diagonal, beside, l, m, n);
    }
  }
}

// One QL step on the rows l to m, from the bottom up.
function turn(a, diagonal, beside, l, m, n) {
  const half = (diagonal[l + 1] - diagonal[l]) / (2 * beside[l]), root = Math.hypot(half, 1);
  let g = diagonal[m] - diagonal[l] + beside[l] / (half + (half >= 0 ? root : -root)), sine = 1, cosine = 1, shift = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = sine * beside[i], b = cosine * beside[i], length = Math.hypot(f, g);
    beside[i + 1] = length;
    if (!length) {
      diagonal[i + 1] -= shift;
      beside[m] = 0;
      return;
    }
    [sine, cosine] = [f / length, g / length];
    const above = diagonal[i + 1] - shift, r = (diagonal[i] - above) * sine + 2 * cosine * b;
    shift = sine * r;
    diagonal[i + 1] = above + shift;
    g = cosine * r - b;
    for (let k = 0; k < n; k++) {
      const row = a[k], after = row[i + 1];
      row[i + 1] = sine * row[i] + cosine * after;
      row[i] = cosine * row[i] - sine * after;
    }
  }
  diagonal[l] -= shift;
  beside[l] = g;
  beside[m] = 0;
}
