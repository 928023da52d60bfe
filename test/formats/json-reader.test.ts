import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FormatError } from '../../src/formats/error.js'
import { JsonFields, JsonReader } from '../../src/formats/json-reader.js'

const reader = (text: string) => new JsonReader(Buffer.from(text), 'f.json', 'a text')

/** Whether a whole text is one well-formed value. */
function accepts(text: string): boolean {
  const json = reader(text)
  try {
    json.skip()
    json.end()
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError)
    return false
  }
}

const pointFields = new JsonFields([
  { name: 'x', expected: 'a number' },
  { name: 'y', expected: 'a number', optional: true },
])

/** Points {x, y?}, as [x, y]. */
function points(text: string): number[][] {
  const json = reader(text)
  const found: number[][] = []
  json.openList('a point')
  while (json.nextItem()) {
    const point = [Number.NaN, Number.NaN]
    json.openObject(pointFields)
    for (let field = json.nextField(); field >= 0; field = json.nextField()) point[field] = json.number()
    found.push(point)
  }
  json.end()
  return found
}

describe('records', () => {
  it('are read in any order of fields, with any white space, others passed over', () => {
    const text = ' [ {"x":1,"y":2} , {"y" : 4,\n"z": {"x": [null, true, "}\\""]}, "x":3},{"x":5}\r\n]\t'
    expect(points(text)).toEqual([
      [1, 2],
      [3, 4],
      [5, Number.NaN],
    ])
    expect(points('[]')).toEqual([])
  })

  it('have their names even where they are spelled with escapes', () => {
    expect(points('[{"\\u0078": 1, "\\u0079": 2}]')).toEqual([[1, 2]])
  })

  it.each([
    ['[{"x": 1}, {"y": 1}]', '[1].x: expected a number, found nothing'],
    ['[{"x": 1, "x": 2}]', '[0].x: expected every name once, found it twice'],
    ['[{"x": 1, "\\u0078": 2}]', '[0].x: expected every name once, found it twice'],
    ['[{"x": "1"}]', '[0].x: expected a number, found "1"'],
    ['[{"x": [1]}]', '[0].x: expected a number, found a list'],
    ['[{"x": 1,}]', '[0].x: expected a name in quotes, found "}"'],
    ['[{"x": 1} {"x": 2}]', '[0]: expected "," or "]", found an object'],
    ['[{"x": 1},]', '[1]: expected a point, found "]"'],
    ['[,{"x": 1}]', '[0]: expected a point, found ","'],
    ['[{"x" 1}]', '[0].x: expected ":", found 1'],
    ['[{"x": 1}', '[0]: expected "," or "]", found the end of the file'],
    ['[{"z": tru}]', '[0]: expected a value, found tru'],
    ['[{"z": "a\nb"}]', '[0]: expected a value, found "a\\nb"'],
    ['[] []', 'file: expected the end of the file, found a list'],
    ['{}', 'file: expected a text, found an object'],
    ['', 'file: expected a text, found the end of the file'],
    [`[{"z": ${'['.repeat(300)}`, 'expected at most 256 lists and objects inside one another, found a list'],
  ])('%s is refused at its place', (text, message) => {
    expect(() => points(text)).toThrow(message)
  })
})

it('numbers are written where they belong, and counted', () => {
  const into = new Float64Array(6)
  reader('[1, -2.5]').numbers(into, 3, 2)
  expect([...into]).toEqual([0, 0, 0, 1, -2.5, 0])
  expect(() => reader('[1]').numbers(into, 0, 2)).toThrow('expected a text, found 1 numbers')
  expect(() => reader('[1, 2, 3]').numbers(into, 0, 2)).toThrow('expected a text, found 3 numbers')
  expect(() => reader('[1, 2').numbers(into, 0, 2)).toThrow('expected "," or "]", found the end of the file')
  expect(() => reader('[1, ]').numbers(into, 0, 2)).toThrow('expected a text, found "]"')
})

describe('what is passed over', () => {
  const options = { numRuns: 2000, seed: 20261122 }

  it('is any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(accepts(text)).toBe(true)
      }),
      options,
    )
  })

  it('is no less JSON than JSON.parse takes, but for the numbers that Python writes', () => {
    const isJson = (text: string) => {
      try {
        JSON.parse(text)
        return true
      } catch {
        return false
      }
    }
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom(...'[]{},:"\\e.-01 \n'))
      .map(([text, at, other]) => {
        const place = at % (text.length + 1)
        return text.slice(0, place) + other + text.slice(place + (at % 2))
      })
    fc.assert(
      fc.property(damaged, (text) => {
        expect(accepts(text)).toBe(isJson(text))
      }),
      options,
    )
    expect(['NaN', '[Infinity, -Infinity]', '{"a": NaN}'].map(accepts)).toEqual([true, true, true])
    expect(['nan', '-NaN', 'Inf', '+1', "'a'", '"\\x41"', '"\\u12"'].map(accepts)).not.toContain(true)
  })
})
