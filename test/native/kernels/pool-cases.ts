import { type WindowCase, windowCase } from './window-cases.js'

export const poolCases: readonly WindowCase[] = [
  windowCase([1, 9, 13, 64], [3, 3], [2, 2], [0, 0, 1, 1]),
  windowCase([2, 8, 10, 33], [3, 3], [2, 2], [1, 1, 1, 1]),
  windowCase([1, 7, 11, 100], [3, 3], [1, 1], [1, 1, 1, 1]),
  windowCase([2, 9, 9, 17], [1, 1], [2, 2], [0, 0, 0, 0]),
  windowCase([1, 5, 12, 3], [2, 5], [1, 3], [0, 2, 1, 1]),
  windowCase([1, 7, 7, 70], [7, 7], [7, 7], [0, 0, 0, 0]),
  windowCase([1, 1, 1, 1], [2, 2], [1, 1], [1, 1, 1, 1]),
]
