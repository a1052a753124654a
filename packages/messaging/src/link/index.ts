/**
 * The link: how one region asks another.
 *
 * A question names an action and carries a message; both the message and the answer are JSON. What the asked region
 * refuses comes back as the same `Refusal`; whatever keeps an answer from coming (nobody there, no answer in time, an answer
 * that is not theirs) is `LinkDown`, and says nothing about whether the question was heard: whoever asks asks again, and
 * every action may be asked twice.
 *
 * Whom a question comes from is proved, not said: an action may rely on `from`. What is asked can be read on the way unless
 * the link runs over TLS; secrets are sealed before they come here.
 */
export interface Link {
  /**
   * The answer of region `to` to a region served here, `from`. Throws Refusal or LinkDown; rejects with the signal's reason
   * when it aborts.
   */
  ask(from: string, to: string, action: string, message: unknown, signal?: AbortSignal): Promise<unknown>
}

/** What a region answers: by name, what to make of a message for the region `to` that the region `from` sent. */
export type LinkActions = Readonly<Record<string, (message: unknown, between: Between) => Promise<unknown>>>

export interface Between {
  readonly from: string
  readonly to: string
}

/** The asked region says no; another try would hear the same. `code` is for programs, `message` for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** No answer: the region is cut off, down, not known here, or not who it should be. */
export class LinkDown extends Error {
  override readonly name = 'LinkDown'
}

/** Runs an action; one that is not there is refused. */
export const acted = async (actions: LinkActions, action: string, message: unknown, between: Between) => {
  const run = Object.hasOwn(actions, action) ? actions[action] : undefined
  if (!run) throw new Refusal('UnknownAction', `${between.to} answers no ${action}`)
  return run(message, between)
}
