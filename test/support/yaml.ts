/**
 * The part of YAML 1.2 that a Compose file of ours is written in: block maps and lists, flow maps and lists on one line,
 * plain and quoted scalars, literal blocks, anchors, aliases, merge keys, comments. Throws for whatever else it meets: a
 * reader that guessed would check another file than Compose reads.
 */
export type Yaml = string | number | boolean | null | readonly Yaml[] | { readonly [name: string]: Yaml }

interface Line {
  readonly number: number
  readonly indent: number
  readonly text: string
}

/** Without its comment: a `#` at the beginning or after a blank, outside quotes. */
const withoutComment = (text: string): string => {
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (quote) quote = char === quote ? '' : quote
    else if ((char === '"' || char === "'") && /[\s[{,:]/.test(text[at - 1] ?? ' ')) quote = char
    else if (char === '#' && /\s/.test(text[at - 1] ?? ' ')) return text.slice(0, at).trimEnd()
  }
  return text.trimEnd()
}

const plain = (text: string): Yaml => {
  if (text === 'true' || text === 'false') return text === 'true'
  if (text === 'null' || text === '~' || text === '') return null
  if (/^-?\d+$/.test(text)) return Number(text)
  if (/^[@`%|>!&*,?{}[\]"']|^- |: |:$/.test(text)) throw new Error(`not a plain scalar: ${text}`)
  return text
}

export const yaml = (document: string): Yaml => {
  const raw = document.split('\n')
  const anchors = new Map<string, Yaml>()
  let at = 0
  const fail = (why: string): never => {
    throw new Error(`line ${at + 1}: ${why}: ${raw[at]}`)
  }

  /** The next line that says something, without moving to it. */
  const next = (): Line | undefined => {
    for (; at < raw.length; at++) {
      const text = withoutComment(raw[at]!)
      if (text.trim() === '') continue
      if (text.includes('\t') || text.startsWith('---')) fail('not understood')
      return { number: at, indent: text.length - text.trimStart().length, text: text.trim() }
    }
    return undefined
  }

  /** A value in flow style at the beginning of a text, and what follows it. */
  const flow = (text: string, within: boolean): [Yaml, string] => {
    const from = text.trimStart()
    if (from[0] === '[' || from[0] === '{') return from[0] === '[' ? flowList(from) : flowMap(from)
    if (from[0] === "'") {
      const found = /^'((?:[^']|'')*)'/.exec(from) ?? fail('an open quote')
      return [found[1]!.replaceAll("''", "'"), from.slice(found[0].length)]
    }
    if (from[0] === '"') {
      const found = /^"(?:[^"\\]|\\.)*"/.exec(from) ?? fail('an open quote')
      return [JSON.parse(found[0]) as string, from.slice(found[0].length)]
    }
    if (from[0] === '*') {
      const found = /^\*([\w-]+)/.exec(from) ?? fail('an alias without a name')
      if (!anchors.has(found[1]!)) fail(`no anchor ${found[1]}`)
      return [anchors.get(found[1]!)!, from.slice(found[0].length)]
    }
    const found = within ? /^(?:[^,[\]{}:]|:(?! ))*/.exec(from)! : /^.*/.exec(from)!
    return [plain(found[0].trim()), from.slice(found[0].length)]
  }
  const flowList = (text: string): [Yaml, string] => {
    const items: Yaml[] = []
    let rest = text.slice(1).trimStart()
    while (rest[0] !== ']') {
      const [item, after] = flow(rest, true)
      items.push(item)
      rest = after.trimStart()
      if (rest[0] === ',') rest = rest.slice(1).trimStart()
      else if (rest[0] !== ']') fail('a list that does not end')
    }
    return [items, rest.slice(1)]
  }
  const flowMap = (text: string): [Yaml, string] => {
    const members: Record<string, Yaml> = {}
    let rest = text.slice(1).trimStart()
    while (rest[0] !== '}') {
      const found = /^([\w./-]+):\s/.exec(rest) ?? fail('a map without a name')
      const [value, after] = flow(rest.slice(found[0].length), true)
      members[found[1]!] = value
      rest = after.trimStart()
      if (rest[0] === ',') rest = rest.slice(1).trimStart()
      else if (rest[0] !== '}') fail('a map that does not end')
    }
    return [members, rest.slice(1)]
  }

  const literal = (indent: number): string => {
    const lines: string[] = []
    for (at++; at < raw.length; at++) {
      const text = raw[at]!
      if (text.trim() !== '' && text.length - text.trimStart().length <= indent) break
      lines.push(text)
    }
    const inset = Math.min(...lines.filter((line) => line.trim()).map((line) => line.length - line.trimStart().length))
    return `${lines
      .map((line) => line.slice(inset))
      .join('\n')
      .trimEnd()}\n`
  }

  /** What stands after `name:` or `- ` on a line of this indent; moves past it. */
  const value = (text: string, indent: number): Yaml => {
    const anchor = /^&([\w-]+)\s*/.exec(text)
    const rest = anchor ? text.slice(anchor[0].length) : text
    let read: Yaml
    if (rest === '|') read = literal(indent)
    else if (rest !== '') {
      const [one, after] = flow(rest, false)
      if (after.trim() !== '') fail('more than a value')
      at++
      read = one
    } else {
      at++
      const inner = next()
      read = inner && inner.indent > indent ? block(inner.indent) : null
    }
    if (anchor) anchors.set(anchor[1]!, read)
    return read
  }

  const merged = (members: Readonly<Record<string, Yaml>>): Yaml => {
    const { '<<': sources, ...own } = members
    if (sources === undefined) return members
    const maps = (Array.isArray(sources) ? sources : [sources]) as Record<string, Yaml>[]
    return { ...Object.assign({}, ...maps.toReversed()), ...own } as Yaml
  }

  const block = (indent: number): Yaml => {
    const first = next()!
    const isList = first.text.startsWith('- ')
    const items: Yaml[] = []
    const members: Record<string, Yaml> = {}
    for (let line = next(); line && line.indent >= indent; line = next()) {
      if (line.indent > indent) fail('too deep')
      if (isList !== line.text.startsWith('- ')) fail('a list and a map in one')
      if (isList) items.push(value(line.text.slice(2).trimStart(), indent))
      else {
        const found = /^([\w./<-]+):(?:\s+|$)/.exec(line.text) ?? fail('neither a map nor a list')
        if (Object.hasOwn(members, found[1]!)) fail('a name twice')
        members[found[1]!] = value(line.text.slice(found[0].length), indent)
      }
    }
    return isList ? items : merged(members)
  }

  const start = next()
  if (!start) return null
  const read = block(start.indent)
  if (next()) fail('not understood')
  return read
}
