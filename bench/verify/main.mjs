// npm run verify: the project's accuracy criteria over whole data sets, with real models. Prints each figure with its bound
// and pass or fail; exits 1 when one fails. The models and reference scores lie outside the repository, in
// ../shared/assets or the folder that QNATIVE_ASSETS names; what is absent is skipped by name.
//
//   npm run verify                 everything (about 15 minutes on two cores)
//   npm run verify -- stories      the sections whose name contains "stories"
//   npm run verify -- --list       the sections' names
import { existsSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { assets } from './assets.mjs'
import { counts } from './checks.mjs'
import { coco } from './coco.mjs'
import { detectors } from './detectors.mjs'
import { llama } from './llama.mjs'
import { perplexity } from './perplexity.mjs'
import { quantizers } from './quantizers.mjs'

const { values, positionals } = parseArgs({
  options: { list: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const wanted = positionals.join(' ')
const sections = [...llama, ...perplexity, ...quantizers, ...coco, ...detectors].filter(({ name }) =>
  name.includes(wanted),
)
if (values.list) {
  for (const { name } of sections) console.log(name)
} else if (sections.length === 0) {
  console.error(`error: no section's name contains "${wanted}" (--list prints the names)`)
  process.exitCode = 1
} else {
  for (const { name, needs, run } of sections) {
    console.log(`\n${name}`)
    const absent = needs.filter((file) => !existsSync(file))
    if (absent.length > 0) {
      console.log(`skip  no ${absent.map((file) => path.relative(assets, file)).join(', ')} in the assets`)
      counts.skipped++
      continue
    }
    await run()
  }
  const { passed, failed, skipped } = counts
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
  process.exitCode = failed > 0 ? 1 : 0
}
