# One image for every service: KEYLEDGER_SERVICES says which run in a container (all, unless told). No build step: Node runs
# the TypeScript as it stands. Versions are those of scripts/toolchain/package.json.

FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /keyledger
RUN npm install --global --no-audit --no-fund pnpm@12.21.0
COPY . .
# --frozen-lockfile: what was tested, or nothing. Nothing is compiled: no dependency may run a script (pnpm-workspace.yaml).
RUN CI=true pnpm install --prod --frozen-lockfile

FROM node:24.21.0-bookworm-slim
WORKDIR /keyledger
# Owned by root: the program cannot change itself, also where the root file system is writable.
COPY --from=dependencies /keyledger .
# A named volume takes the owner and mode of the folder it is mounted on.
RUN install -d -o node -g node -m 0700 /data /vault /seal \
 && install -d -o node -g node -m 0755 /identities

# Written to: KEYLEDGER_DATA (and where KEYLEDGER_VAULT and a new KEYLEDGER_SEAL say), nothing else. Listens on all
# interfaces of its container; publish the port on loopback, or give it a certificate.
ENV NODE_ENV=production \
    KEYLEDGER_DATA=/data \
    KEYLEDGER_HOST=0.0.0.0 \
    KEYLEDGER_ADMIN_PORT=9464 \
    KEYLEDGER_LOG=info
# By number, so that an orchestrator can see that it is not root.
USER 1000:1000
VOLUME ["/data"]
EXPOSE 4577
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "require('node:http').get({ port: process.env.KEYLEDGER_ADMIN_PORT, path: '/healthz' }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# The young generation as `npm start` has it: small enough to stay in the cache, and whatever a request makes is born in it.
# Node's own code in large pages, where the kernel has them.
CMD ["node", "--max-semi-space-size=8", "--no-allocation-site-pretenuring", "--use-largepages=silent", "services/standalone/src/main.ts"]
