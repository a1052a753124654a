/** A bad or unknown setting: one clear line for the operator; the process ends with code 2. */
export class ConfigFault extends Error {}
