import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const script = path.join(import.meta.dirname, '..', '..', 'scripts', 'prepack.mjs')
let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'qnative-prepack-'))
  mkdirSync(path.join(folder, 'scripts'))
  mkdirSync(path.join(folder, 'dist'))
  cpSync(script, path.join(folder, 'scripts', 'prepack.mjs'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const prepack = () =>
  spawnSync(process.execPath, [path.join(folder, 'scripts', 'prepack.mjs')], { encoding: 'utf8' })

test('refuses without prebuilds, and says how to make them', () => {
  const { status, stderr } = prepack()
  expect(status).toBe(1)
  expect(stderr).toContain('npm run prebuild')
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(existsSync(path.join(folder, 'dist'))).toBe(true)
})

test('refuses a prebuilds folder without an addon in it', () => {
  mkdirSync(path.join(folder, 'prebuilds', 'linux-x64'), { recursive: true })
  expect(prepack().status).toBe(1)
})

test('names the prebuilds that it packs, and leaves dist/ to be compiled anew', () => {
  mkdirSync(path.join(folder, 'prebuilds', 'linux-x64'), { recursive: true })
  writeFileSync(path.join(folder, 'prebuilds', 'linux-x64', 'qnative.glibc.node'), '')
  const { status, stderr } = prepack()
  expect(status).toBe(0)
  expect(stderr).toContain('qnative.glibc.node')
  expect(existsSync(path.join(folder, 'dist'))).toBe(false)
})
