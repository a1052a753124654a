import { wireFault } from '../fault.ts'

/** No input of IAM's or STS's is deeper than `Tags.member.1.Key`; what is behind this may recurse without fear. */
const deepest = 10

type Tree = Map<string, string | Tree>

const index = /^[1-9]\d{0,8}$/

/** `member.1`, `member.2` ...: the members in the order of their numbers. Gaps close, as AWS closes them. */
const listed = (tree: Tree): readonly (string | Tree)[] | undefined => {
  const members = tree.size === 1 ? tree.get('member') : undefined
  if (!(members instanceof Map)) return undefined
  const names = [...members.keys()]
  if (!names.every((name) => index.test(name))) return undefined
  return names.toSorted((one, other) => Number(one) - Number(other)).map((name) => members.get(name)!)
}

const value = (node: string | Tree): unknown => {
  if (typeof node === 'string') return node
  return listed(node)?.map(value) ?? structure(node)
}

// Without a prototype: `__proto__` is a name like any other.
const structure = (tree: Tree): Readonly<Record<string, unknown>> => {
  const members = Object.create(null) as Record<string, unknown>
  for (const [name, node] of tree) members[name] = value(node)
  return members
}

const put = (root: Tree, path: readonly string[], text: string): void => {
  let at = root
  for (const name of path.slice(0, -1)) {
    const below = at.get(name)
    if (typeof below === 'string') throw wireFault('malformedBody', '')
    const next = below ?? (new Map() as Tree)
    at.set(name, next)
    at = next
  }
  const last = path.at(-1)!
  if (at.get(last) instanceof Map) throw wireFault('malformedBody', '')
  at.set(last, text)
}

/**
 * A form's parameters but for Action and Version, as structures and lists: `Tags.member.1.Key=a` is
 * `{ Tags: [{ Key: 'a' }] }`. Scalars stay text; of a name that comes twice the last counts. Throws SerializationException for
 * a name of more than ten parts, or one that is both a scalar and a structure.
 */
export const formInput = (form: URLSearchParams): Readonly<Record<string, unknown>> => {
  const root: Tree = new Map()
  for (const [name, text] of form) {
    if (name === 'Action' || name === 'Version') continue
    const path = name.split('.', deepest + 1)
    if (path.length > deepest) throw wireFault('malformedBody', '')
    put(root, path, text)
  }
  return structure(root)
}
