// What is there to compute with, and why not more. Works when the addon cannot be loaded, which is when it is needed most.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import { addon } from './addon.js'
import type { Environment, Isa, IsaStatus } from './face.js'
import { packageJson, packageRoot } from './package.js'

export interface Diagnosis {
  /** Whether qnative can compute here as it is set up. */
  readonly usable: boolean
  readonly qnative: string
  readonly node: { readonly version: string; readonly required: string; readonly napi: string }
  readonly platform: string
  readonly addon:
    | { readonly loaded: true; readonly path: string; readonly apiVersion: number }
    | { readonly loaded: false; readonly path: string | null; readonly error: string; readonly fix: string }
  readonly cpu: string
  /** In ascending order of preference; empty without the addon. */
  readonly isas: readonly IsaStatus[]
  /** What commands use unless told otherwise; null when they cannot compute. */
  readonly isa: { readonly chosen: Isa | null; readonly reason: string }
  readonly threads: { readonly used: number; readonly logical: number; readonly reason: string }
  /** Bytes. `available` is null when it is not known. */
  readonly memory: { readonly total: number; readonly available: number | null }
}

export function diagnose(): Diagnosis {
  const loading = load()
  const environment = loading.loaded ? addon().environment() : undefined
  const isa = chooseIsa(environment)
  return {
    usable: isa.chosen !== null,
    qnative: packageJson.version,
    node: {
      version: process.versions.node,
      required: packageJson.engines.node,
      napi: process.versions['napi'] ?? 'unknown',
    },
    platform: `${process.platform}-${process.arch}`,
    addon: loading,
    cpu: environment?.cpu || os.cpus()[0]?.model.trim() || 'unknown',
    isas: environment?.isas ?? [],
    isa,
    threads: threads(environment),
    memory: { total: os.totalmem(), available: environment?.availableMemory || null },
  }
}

function load(): Diagnosis['addon'] {
  let path: string | null = null
  try {
    const nodeGypBuild = createRequire(import.meta.url)('node-gyp-build') as {
      resolve(folder: string): string
    }
    path = nodeGypBuild.resolve(packageRoot)
    return { loaded: true, path, apiVersion: addon().apiVersion }
  } catch (error) {
    return { loaded: false, path, error: reasonOf(error), fix: 'npx qnative build' }
  }
}

/** The first line of the innermost reason: a missing symbol or library, not "no addon fits". */
function reasonOf(error: unknown): string {
  let reason = error
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause
  return (reason instanceof Error ? reason.message : String(reason)).split('\n')[0]!
}

function chooseIsa(environment: Environment | undefined): Diagnosis['isa'] {
  if (!environment) return { chosen: null, reason: 'the addon is not loaded' }
  const forced = process.env['QNATIVE_ISA']
  if (!forced) return { chosen: environment.bestIsa, reason: 'the best usable one' }
  const status = environment.isas.find(({ name }) => name === forced)
  if (!status)
    return { chosen: null, reason: `QNATIVE_ISA=${forced} is no instruction set that qnative knows` }
  if (!status.usable) return { chosen: null, reason: `QNATIVE_ISA=${forced} is not usable: ${status.reason}` }
  return { chosen: status.name, reason: `QNATIVE_ISA=${forced}` }
}

function threads(environment: Environment | undefined): Diagnosis['threads'] {
  const logical = Math.max(os.cpus().length, 1)
  const used = environment?.processors ?? os.availableParallelism()
  if (used >= logical) return { used, logical, reason: 'every logical processor' }
  const allowed = affinity() ?? logical
  if (used >= allowed)
    return { used, logical, reason: `this process may run on ${allowed} of ${logical} (affinity)` }
  return { used, logical, reason: `the CPU quota of its cgroup, of ${allowed} processors that it may run on` }
}

/** Processors in the affinity mask, from a list like "0-3,8"; undefined where the system does not say. */
function affinity(): number | undefined {
  if (!existsSync('/proc/self/status')) return undefined
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return list?.split(',').reduce((count, range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return count + last - first + 1
  }, 0)
}
