// Figures against their bounds: each is printed with pass or FAIL, and counted.

/** Of all sections so far. */
export const counts = { passed: 0, failed: 0, skipped: 0 }

/**
 * One subject.
 * @typedef {object} Section
 * @property {string} name what `npm run verify -- NAME` looks in
 * @property {string[]} needs files and folders without which it is skipped
 * @property {() => Promise<void>} run
 */

/** @param {string} name @param {number | string} figure @param {string} bound @param {boolean} holds */
export function check(name, figure, bound, holds) {
  const shown = typeof figure === 'number' ? Number(figure.toPrecision(6)) : figure
  console.log(`${holds ? 'pass' : 'FAIL'}  ${name}: ${shown} (bound: ${bound})`)
  if (holds) counts.passed++
  else counts.failed++
}

/** @param {string} name @param {number} figure @param {number} expected @param {number} relative */
export function near(name, figure, expected, relative) {
  const holds = Math.abs(figure - expected) <= relative * Math.abs(expected)
  check(
    name,
    figure,
    `${Number(expected.toPrecision(6))} within ${Number((relative * 100).toPrecision(3))} %`,
    holds,
  )
}

/** @param {string} name @param {number} figure @param {number} expected @param {number} most */
export function within(name, figure, expected, most) {
  check(name, figure, `${expected} within ${most}`, Math.abs(figure - expected) <= most)
}
