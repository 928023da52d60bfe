import { FormatError, show } from '../../formats/error.js'
import type { TfjsModel, TfjsNode } from '../../formats/tfjs/graph-model.js'

/** A node's name and which of its outputs, of "node" or "node:1". */
export function outputReference(reference: string): { name: string; output: number } {
  const [, name, output] = /^(.*?)(?::(\d+))?$/s.exec(reference)!
  return { name: name!, output: Number(output ?? 0) }
}

/**
 * The nodes that outputs depend on, each after those that it reads; the file may list them in any order.
 *
 * @throws FormatError where a node reads one that is not there, or itself by way of others
 */
export function runningOrder(model: TfjsModel, outputs: readonly string[]): TfjsNode[] {
  const byName = new Map(model.nodes.map((node) => [node.name, node]))
  const find = (reference: string, reader: string): TfjsNode => {
    const { name } = outputReference(reference)
    const node = byName.get(name)
    if (!node)
      throw new FormatError(model.file, reader, `expected inputs that are nodes, found ${show(reference)}`)
    return node
  }
  const order: TfjsNode[] = []
  const state = new Map<TfjsNode, 'open' | 'done'>()
  for (const output of outputs) {
    // By hand, since a chain of nodes may be longer than the stack is deep.
    const stack: { node: TfjsNode; next: number }[] = [
      { node: find(output, `output ${show(output)}`), next: 0 },
    ]
    while (stack.length > 0) {
      const top = stack.at(-1)!
      const { node } = top
      if (state.get(node) === 'done') {
        stack.pop()
        continue
      }
      state.set(node, 'open')
      const reference = node.inputs[top.next++]
      if (reference === undefined) {
        state.set(node, 'done')
        order.push(node)
        stack.pop()
        continue
      }
      const input = find(reference, `node ${show(node.name)} (${node.op})`)
      if (state.get(input) === 'open') {
        const field = `node ${show(node.name)} (${node.op})`
        throw new FormatError(
          model.file,
          field,
          `expected a graph without cycles, found one through ${show(input.name)}`,
        )
      }
      if (!state.has(input)) stack.push({ node: input, next: 0 })
    }
  }
  return order
}
