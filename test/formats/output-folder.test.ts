import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkCreatable, createFolder, FolderError } from '../../src/formats/output-folder.js'
import { temporaryDirectory, writeInto } from '../temporary.js'

const directory = temporaryDirectory()

describe('a folder for output', () => {
  test('is made with those above it', async () => {
    const above = path.join(directory, 'a')
    const folder = path.join(above, 'b')
    expect(await createFolder(folder)).toEqual([above, folder])
    expect(existsSync(folder)).toBe(true)
  })

  test('may be there', async () => {
    const folder = path.join(directory, 'there')
    mkdirSync(folder)
    writeInto(folder, 'file', 'kept')
    expect(await createFolder(folder)).toEqual([])
    expect(await createFolder('/')).toEqual([])
    expect(readdirSync(folder)).toEqual(['file'])
  })

  test('two at once', async () => {
    const folders = ['x', 'y'].map((name) => path.join(directory, 'shared', 'deeper', name))
    await Promise.all(folders.map((folder) => createFolder(folder)))
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, true])
  })

  test('is only tried, and what was there stays', async () => {
    const folder = path.join(directory, 'tried', 'and', 'gone')
    await checkCreatable(folder)
    expect(existsSync(path.join(directory, 'tried'))).toBe(false)
    await checkCreatable(directory)
    expect(existsSync(directory)).toBe(true)
  })
})

describe('refused:', () => {
  test('a file in the way', async () => {
    const file = writeInto(directory, 'file', '')
    await expect(createFolder(file)).rejects.toThrow(`cannot create ${file}: ${file}: file already exists`)
    const below = path.join(file, 'a', 'b')
    const refused = createFolder(below)
    await expect(refused).rejects.toBeInstanceOf(FolderError)
    await expect(refused).rejects.toThrow(/^cannot create .+: not a directory$/)
  })

  test('a name that is too long, and the folder above it is not left behind', async () => {
    const above = path.join(directory, 'above')
    const folder = path.join(above, 'x'.repeat(300))
    await expect(checkCreatable(folder)).rejects.toThrow(FolderError)
    expect(existsSync(above)).toBe(false)
  })

  // Node's recursive mkdir never returns from these.
  test.skipIf(!existsSync('/proc'))('a file system that takes no folders', async () => {
    for (const folder of ['/proc/x', '/proc/x/y/z']) {
      const message = `cannot create ${folder}: /proc takes no folders`
      await expect(createFolder(folder)).rejects.toThrow(message)
      await expect(createFolder(`${folder}.part`, folder)).rejects.toThrow(message)
      await expect(checkCreatable(folder)).rejects.toThrow(message)
    }
  })
})
