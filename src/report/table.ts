// One description of a table, three ways to write it: for a terminal, as Markdown, as CSV.
import { csvLine } from './csv.js'

export type Cell = string | number | boolean | null

export interface Column<Row> {
  readonly title: string
  /** The plain value: what a CSV holds. Null: there is none. */
  readonly value: (row: Row) => Cell
  /** The value for people. Default: the plain one. */
  readonly text?: (row: Row) => string
  /** Default right, as for numbers. */
  readonly align?: 'left' | 'right'
}

const ABSENT = '-'

/** Columns under their titles, for a terminal. */
export function textTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  return layOut(columns, rows, (text) => text)
    .map((line) => line.join('  ').trimEnd())
    .join('\n')
}

/** The same as a GitHub-flavoured Markdown table, with cells of equal width, so that the source is a table, too. */
export function markdownTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const [head = [], ...body] = layOut(columns, rows, escapeCell)
  const rule = head.map((cell, c) => {
    const dashes = '-'.repeat(Math.max(width(cell), 3))
    return columns[c]!.align === 'left' ? dashes : `${dashes.slice(1)}:`
  })
  return [head, rule, ...body].map((line) => `| ${line.join(' | ')} |`).join('\n')
}

/** The plain values, with a line of titles. */
export function csvTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  return [
    csvLine(columns.map(({ title }) => title)),
    ...rows.map((row) => csvLine(columns.map(({ value }) => value(row)))),
  ].join('\n')
}

/** The titles and each row's cells, padded to the width of their column. */
function layOut<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  spell: (text: string) => string,
): string[][] {
  const lines = [
    columns.map(({ title }) => spell(title)),
    ...rows.map((row) => columns.map((column) => spell(textOf(column, row)))),
  ]
  const widths = columns.map((_, c) => lines.reduce((widest, line) => Math.max(widest, width(line[c]!)), 3))
  return lines.map((line) =>
    line.map((cell, c) => {
      const spaces = ' '.repeat(widths[c]! - width(cell))
      return columns[c]!.align === 'left' ? cell + spaces : spaces + cell
    }),
  )
}

function textOf<Row>({ value, text }: Column<Row>, row: Row): string {
  const plain = value(row)
  if (plain === null) return ABSENT
  return text ? text(row) : String(plain)
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** Characters, not UTF-16 units. */
function width(text: string): number {
  return [...text].length
}
