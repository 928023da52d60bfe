import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderOf, importsOf, includesOf, mayImport, parseFolderTable } from './import-rules.js'

const root = path.join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')
const folders = parseFolderTable(read('ARCHITECTURE.md'))
const manifest = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }

/** Files below `folder` with one of these endings, from the root, with slashes. */
function filesIn(folder: string, endings: RegExp): string[] {
  if (!existsSync(path.join(root, folder))) return []
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => endings.test(name) && !name.includes('node_modules/'))
    .sort()
}

const scripts = ['src', 'bench', 'scripts', 'test'].flatMap((folder) => filesIn(folder, /\.(ts|mts|js|mjs)$/))
const native = ['native', 'bindings'].flatMap((folder) => filesIn(folder, /\.(cc|h|cu|cuh)$/))
const isaFiles = native.filter((file) => /(^|\/|_)(avx2|avxvnni|avx512|avx512bf16|neon)\.cc$/.test(file))

/** The file that a script's import names, from the root; undefined for Node's and npm's packages. */
function resolve(file: string, target: string): string | undefined {
  if (target === 'qnative') return 'src/index.ts'
  if (!target.startsWith('.')) return undefined
  const joined = path.posix.join(path.posix.dirname(file), target).replace(/^dist\//, 'src/')
  return joined.replace(/\.js$/, '.ts')
}

describe('the folder table of ARCHITECTURE.md', () => {
  test('names only what exists', () => {
    const missing = folders.filter(({ name }) => !existsSync(path.join(root, name.replace(/<op>\/$/, ''))))
    expect(missing.map(({ name }) => name)).toEqual([])
  })

  test('names a folder for every source file', () => {
    expect([...scripts, ...native].filter((file) => !folderOf(file, folders))).toEqual([])
  })

  test('is obeyed by every import of src/, bench/, scripts/ and test/', () => {
    const broken = scripts.flatMap((file) =>
      importsOf(file, read(file)).flatMap(({ target, line, typesOnly }) => {
        const resolved = resolve(file, target)
        if (!resolved || mayImport(file, resolved, typesOnly, folders)) return []
        return [`${file}:${line} may not import ${typesOnly ? 'types of ' : ''}${resolved}`]
      }),
    )
    expect(broken).toEqual([])
  })

  test('is obeyed by every #include of native/ and bindings/', () => {
    const broken = native.flatMap((file) =>
      includesOf(read(file)).flatMap(({ target, line }) => {
        if (target.startsWith('<')) return []
        if (!native.includes(target))
          return [`${file}:${line} includes ${target}, which is no file from the repository's root`]
        return mayImport(file, target, false, folders) ? [] : [`${file}:${line} may not include ${target}`]
      }),
    )
    expect(broken).toEqual([])
  })
})

test('src/ imports only packages that are dependencies of the published package', () => {
  const unknown = filesIn('src', /\.ts$/).flatMap((file) =>
    importsOf(file, read(file))
      .filter(({ target }) => !target.startsWith('.') && !isBuiltin(target))
      .filter(
        ({ target }) =>
          !Object.keys(manifest.dependencies).some(
            (name) => target === name || target.startsWith(`${name}/`),
          ),
      )
      .map(({ target, line }) => `${file}:${line} imports ${target}`),
  )
  expect(unknown).toEqual([])
})

test("Node's own modules are imported with the node: prefix", () => {
  const bare = scripts.flatMap((file) =>
    importsOf(file, read(file))
      .filter(({ target }) => isBuiltin(target) && !target.startsWith('node:'))
      .map(({ target, line }) => `${file}:${line} imports ${target}`),
  )
  expect(bare).toEqual([])
})

describe('C++ files', () => {
  test('compiled for an instruction set use no C++ standard library, in their headers neither', () => {
    const allowed = ['<stdint.h>', '<stddef.h>', '<immintrin.h>', '<arm_neon.h>']
    // SIMDe stands in for <immintrin.h> in a test-only build. MSVC has no __builtin_fmaf: fmaf is a plain C function.
    const mayInclude = (target: string, lineBefore = '') =>
      allowed.includes(target) ||
      target.startsWith('<simde/') ||
      (target === '<math.h>' && lineBefore.startsWith('#if defined(_MSC_VER)'))
    const broken = new Set<string>()
    for (const isaFile of isaFiles) {
      const open = [isaFile]
      const seen = new Set(open)
      for (let file = open.pop(); file; file = open.pop()) {
        const text = read(file)
        for (const { target, line } of includesOf(text)) {
          if (target.startsWith('<')) {
            if (!mayInclude(target, text.split('\n')[line - 2]))
              broken.add(`${file}:${line} includes ${target} and is part of ${isaFile}`)
          } else if (native.includes(target) && !seen.has(target)) {
            seen.add(target)
            open.push(target)
          }
        }
      }
    }
    expect([...broken]).toEqual([])
  })

  test('keep operating system headers in native/core/platform_*.cc and Node-API in bindings/', () => {
    const system =
      /^<(sys\/.*|unistd\.h|fcntl\.h|sched\.h|pthread\.h|dlfcn\.h|dirent\.h|signal\.h|windows\.h|io\.h|mach\/.*)>$/i
    const broken = native.flatMap((file) =>
      includesOf(read(file)).flatMap(({ target, line }) => {
        const platform = system.test(target) && !/^native\/core\/platform_\w+\.cc$/.test(file)
        const napi = /^<(napi|node_api|js_native_api)\.h>$/.test(target) && !file.startsWith('bindings/')
        return platform || napi ? [`${file}:${line} includes ${target}`] : []
      }),
    )
    expect(broken).toEqual([])
  })
})

describe('the checker itself', () => {
  const table = parseFolderTable(
    [
      '| folder | owns | may import |',
      '|---|---|---|',
      '| `native/core/` | x | std |',
      '| `native/kernels/<op>/` | x | `native/core/` |',
      '| `src/a/` | x | - |',
      '| `src/b/` | x | `src/a/`, types of `src/c/` |',
      '| `src/c/` | x | `src/` |',
    ].join('\n'),
  )

  test.each([
    ['src/a/x.ts', 'src/a/y.ts', false, true],
    ['src/a/x.ts', 'src/b/y.ts', false, false],
    ['src/b/x.ts', 'src/a/y.ts', false, true],
    ['src/b/x.ts', 'src/c/y.ts', false, false],
    ['src/b/x.ts', 'src/c/y.ts', true, true],
    ['src/c/x.ts', 'src/b/y.ts', false, true],
    ['src/unlisted/x.ts', 'src/a/y.ts', false, false],
    ['native/kernels/add/avx2.cc', 'native/kernels/add/add.h', false, true],
    ['native/kernels/add/avx2.cc', 'native/kernels/rope/rope.h', false, false],
    ['native/kernels/add/avx2.cc', 'native/core/view.h', false, true],
    ['native/core/view.h', 'native/kernels/add/add.h', false, false],
  ])('%s imports %s (types only: %s): %s', (file, target, typesOnly, allowed) => {
    expect(mayImport(file, target, typesOnly, table)).toBe(allowed)
  })

  test('finds every form of import', () => {
    const text = [
      "import a from './a.js'",
      "import type { B } from './b.js'",
      "export * from './c.js'",
      "export type { D } from './d.js'",
      "const e = await import('./e.js')",
      "let f: import('./f.js').F",
      "import { type G } from './g.js'",
      "import './h.js'",
      "// import './comment.js'",
    ].join('\n')
    expect(
      importsOf('x.ts', text).map(({ target, line, typesOnly }) => `${line} ${target} ${typesOnly}`),
    ).toEqual([
      '1 ./a.js false',
      '2 ./b.js true',
      '3 ./c.js false',
      '4 ./d.js true',
      '5 ./e.js false',
      '6 ./f.js true',
      // Under verbatimModuleSyntax this import stays in the JavaScript.
      '7 ./g.js false',
      '8 ./h.js false',
    ])
  })

  test('finds every form of #include', () => {
    const text = '#include <vector>\n  # include "native/core/view.h"\n// #include <map>\n'
    expect(includesOf(text).map(({ target, line }) => `${line} ${target}`)).toEqual([
      '1 <vector>',
      '2 native/core/view.h',
    ])
  })

  test('refuses a table that it cannot read', () => {
    expect(() => parseFolderTable('# nothing')).toThrow('no table')
    const head = '| folder | owns | may import |\n|---|---|---|\n'
    expect(() => parseFolderTable(`${head}| src/a/ | x | - |`)).toThrow(
      'ARCHITECTURE.md:3: expected a folder in backticks',
    )
    expect(() => parseFolderTable(`${head}| \`src/a/\` | x | core |`)).toThrow('found core')
  })
})
