/**
 * The whole event-sourcing framework: commands are decided into events, events are evolved into state. Everything an
 * aggregate needs from outside (time, ids, material ids) comes inside the command.
 */
export interface Command {
  readonly type: string
}
export interface Event {
  readonly type: string
  readonly data: object
}

/** What becomes of each command: the events it causes, none if it changes nothing; throws a Fault to refuse. */
export type Decide<S, C extends Command, E extends Event> = {
  readonly [T in C['type']]: (state: S, command: Extract<C, { readonly type: T }>) => readonly E[]
}
/** What each event makes of the state. Never fails: what is in the ledger has happened. */
export type Evolve<S, E extends Event> = {
  readonly [T in E['type']]: (state: S, event: Extract<E, { readonly type: T }>) => S
}
export interface Aggregate<S, C extends Command, E extends Event> {
  readonly initial: S
  readonly decide: Decide<S, C, E>
  readonly evolve: Evolve<S, E>
}

// Tables are typed row by row; a row found under a type takes what has that type, which only the casts below can say.
const row = (table: object, type: string): unknown => {
  if (!Object.hasOwn(table, type)) throw new TypeError(`nothing is known of ${JSON.stringify(type)}`)
  return table[type as keyof object]
}

/** The events that `command` causes in `state`. Throws the Fault that refuses it, or a TypeError for an unknown type. */
export const decide = <S, C extends Command, E extends Event>(
  aggregate: Aggregate<S, C, E>,
  state: S,
  command: C,
): readonly E[] => {
  const decision = row(aggregate.decide, command.type) as (state: S, command: C) => readonly E[]
  return decision(state, command)
}

/** `state` after `events`. An event of an unknown type throws: a state that skipped a fact would lie. */
export const fold = <S, C extends Command, E extends Event>(
  aggregate: Aggregate<S, C, E>,
  state: S,
  events: readonly E[],
): S => {
  let current = state
  for (const event of events) {
    const evolution = row(aggregate.evolve, event.type) as (state: S, event: E) => S
    current = evolution(current, event)
  }
  return current
}
