import { describe, expect, test } from 'vitest'
import { PythonRandom } from '../../src/tasks/python-random.js'

describe('PythonRandom', () => {
  // python3 -c "import random; r = random.Random(7); print([r.random() for _ in range(3)])"
  test.each([
    [7, [0.32383276483316237, 0.15084917392450192, 0.6509344730398537]],
    [0, [0.8444218515250481, 0.7579544029403025, 0.420571580830845]],
  ])('gives the numbers of random.Random(%i)', (seed, numbers) => {
    const random = new PythonRandom(seed)
    expect(numbers.map(() => random.random())).toEqual(numbers)
  })
})
