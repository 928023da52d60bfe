// Runs before `npm pack` and `npm publish`: a package without prebuilds would ask its users for a compiler.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
const folder = path.join(root, 'prebuilds')
const prebuilds = existsSync(folder)
  ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.node'))
  : []
if (prebuilds.length === 0) {
  console.error(
    'error: prebuilds/ holds no compiled addon, so the package would run nowhere. First: npm run prebuild',
  )
  process.exit(1)
}
console.error(`packing prebuilds: ${prebuilds.sort().join(', ')}`)
// npm runs "prepare" next, which compiles src/ again: dist/ then holds nothing whose source is gone.
rmSync(path.join(root, 'dist'), { recursive: true, force: true })
