// Reads the folder table of ARCHITECTURE.md and judges imports and #includes by it. test/imports.test.ts applies it.
import ts from 'typescript'

/** One row of the table. `pattern` matches the files of the folder; group 1 is the `<op>` of `native/kernels/<op>/`. */
export interface Folder {
  name: string
  pattern: RegExp
  mayImport: { prefix: string; typesOnly: boolean }[]
}

/** An import of another file or package. `line` starts at 1. */
export interface Import {
  target: string
  line: number
  typesOnly: boolean
}

/**
 * The rows of the Markdown table with the columns folder, owns, may import.
 * @throws Error when there is no such table, or when a cell is not in the form that the text under the table explains
 */
export function parseFolderTable(markdown: string): Folder[] {
  const lines = markdown.split('\n')
  const head = lines.findIndex((line) => /^\|\s*folder\s*\|\s*owns\s*\|\s*may import\s*\|$/.test(line))
  if (head < 0) throw new Error('ARCHITECTURE.md has no table with the columns folder, owns, may import')
  const folders: Folder[] = []
  for (let i = head + 2; lines[i]?.startsWith('|'); ++i) {
    const [, folder = '', , mayImport = ''] = lines[i]!.split('|').map((cell) => cell.trim())
    const name = /^`([\w/<>.]+)`$/.exec(folder)?.[1]
    if (!name) throw new Error(`ARCHITECTURE.md:${i + 1}: expected a folder in backticks, found ${folder}`)
    const start = name.replaceAll('.', '\\.').replace('<op>', '([^/]+)')
    folders.push({
      name,
      pattern: new RegExp(name.endsWith('/') ? `^${start}` : `^${start}$`),
      mayImport: ['-', 'std'].includes(mayImport)
        ? []
        : mayImport.split(',').map((entry) => {
            const match = /^\s*(types of )?`([\w/.]+)`\s*$/.exec(entry)
            if (!match)
              throw new Error(
                `ARCHITECTURE.md:${i + 1}: expected "\`folder/\`", "types of \`folder/\`", "std" or "-", found ${entry}`,
              )
            return { prefix: match[2]!, typesOnly: match[1] !== undefined }
          }),
    })
  }
  return folders
}

/** The row that a file belongs to: the longest name wins (`src/index.ts` before `src/`). */
export function folderOf(file: string, folders: readonly Folder[]): Folder | undefined {
  return folders.filter(({ pattern }) => pattern.test(file)).sort((a, b) => b.name.length - a.name.length)[0]
}

/** Whether `file` may import `target` (both from the repository root, with slashes). */
export function mayImport(
  file: string,
  target: string,
  typesOnly: boolean,
  folders: readonly Folder[],
): boolean {
  const from = folderOf(file, folders)
  if (!from) return false
  const own = from.pattern.exec(file)!
  const there = from.pattern.exec(target)
  if (there && there[1] === own[1]) return true
  return from.mayImport.some((rule) => target.startsWith(rule.prefix) && (typesOnly || !rule.typesOnly))
}

/** Every import, re-export, dynamic import and `import('...')` type of a TypeScript or JavaScript file. */
export function importsOf(file: string, text: string): Import[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, typesOnly: boolean) => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return
    const line = source.getLineAndCharacterOfPosition(specifier.getStart()).line + 1
    found.push({ target: specifier.text, line, typesOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly === true)
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** Every #include: `target` is `<vector>` with its angle brackets, or the path between quotes. */
export function includesOf(text: string): Import[] {
  return text.split('\n').flatMap((content, index) => {
    const match = /^\s*#\s*include\s*(?:"([^"]+)"|(<[^>]+>))/.exec(content)
    return match ? [{ target: (match[1] ?? match[2])!, line: index + 1, typesOnly: false }] : []
  })
}
