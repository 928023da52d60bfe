import { mkdir, rmdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** A folder for output that cannot be made. */
export class FolderError extends Error {
  override readonly name = 'FolderError'

  constructor(
    readonly folder: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`cannot create ${folder}: ${reason}`, options)
  }
}

/**
 * Makes a folder, and those above it that are not there. Not by Node's recursive mkdir, which tries for ever where a
 * file system answers "no such file" although the folder above is there, as /proc does. All of them or none.
 *
 * @param named what the error names, where `folder` is to be renamed
 * @returns the folders that were made, the highest first
 * @throws FolderError
 */
export async function createFolder(folder: string, named = folder): Promise<string[]> {
  const full = resolve(folder)
  try {
    return await create(full)
  } catch (error) {
    throw new FolderError(named, reasonOf(error as NodeJS.ErrnoException), { cause: error })
  }
}

/**
 * That createFolder would do it: to be known before work of minutes, not after. Leaves nothing behind.
 *
 * @throws FolderError
 */
export async function checkCreatable(folder: string): Promise<void> {
  await remove(await createFolder(folder))
}

async function create(folder: string): Promise<string[]> {
  const above = dirname(folder)
  try {
    return await createIn(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === folder) throw error
  }
  const made = await create(above)
  try {
    return [...made, ...(await createIn(folder))]
  } catch (error) {
    await remove(made)
    throw error
  }
}

/** Of folders just made, the highest first. */
async function remove(made: readonly string[]): Promise<void> {
  for (const folder of made.toReversed()) {
    try {
      await rmdir(folder)
    } catch {
      return // somebody else uses it by now
    }
  }
}

/** In a folder that is there. */
async function createIn(folder: string): Promise<string[]> {
  try {
    await mkdir(folder)
    return [folder]
  } catch (error) {
    // There already, made by somebody else since, or a root, which some systems do not let one make.
    if (await isFolder(folder)) return []
    throw error
  }
}

function reasonOf({ code, path, message }: NodeJS.ErrnoException): string {
  if (path === undefined) return message
  if (code === 'ENOENT') return `${dirname(path)} takes no folders`
  // Node's "EACCES: permission denied, mkdir '/data/out'".
  return `${path}: ${/^\w+: (.+?), \w+/.exec(message)?.[1] ?? message}`
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
