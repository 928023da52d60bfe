import { expect, test } from 'vitest'
import { type RecipeStep, recipeSteps } from '../../src/quantize/recipe.js'
import { recipeOf } from '../../src/quantize/recipes.js'

const plain = { method: 'gptq', bits: 4 } as const

test('plain GPTQ has none of the steps', () => {
  expect(recipeOf(plain)).toMatchObject({
    grid: 'asymmetric',
    clip: 'none',
    order: 'none',
    damp: 0.01,
    trueSequential: false,
    sweeps: 0,
    inputRepair: 0,
    residualRepair: 0,
    rotation: false,
    smoothing: false,
    budget: 0,
    head: 'f16',
  })
})

test.each(Object.keys(recipeSteps) as RecipeStep[])(
  '--with %s changes the recipe, and --without undoes it',
  (step) => {
    const without = recipeOf(plain)
    expect(recipeOf({ ...plain, with: [step] })).not.toEqual(without)
    expect(recipeOf({ ...plain, with: [step], without: [step] })).toEqual(without)
  },
)

test('best has steps at every width, an int8 head and sub-layers in turn', () => {
  for (const bits of [8, 4, 2] as const) {
    expect(recipeOf({ method: 'best', bits })).toMatchObject({
      grid: 'offset',
      trueSequential: true,
      head: 'int8',
    })
  }
})

test('symmetric groups have no offsets', () => {
  expect(recipeOf({ method: 'best', bits: 4, symmetric: true }).grid).toBe('symmetric')
  expect(() => recipeOf({ ...plain, symmetric: true, with: ['offsets'] })).toThrow(
    'symmetric groups have no offsets',
  )
})
