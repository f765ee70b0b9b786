# The App as an image. Build: docker build -t countersign .
# Run: docker run --env-file .env -p 127.0.0.1:3000:3000 -v countersign:/data countersign

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# No dependency at run time needs its install script.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The image brings Node 24, so the npm package `node` need not fetch it.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.ts scripts/build.ts
COPY src src
COPY test/github test/github
COPY demo/package.json demo/story.yaml demo/
COPY LICENSE ./
RUN node scripts/build.ts

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 COUNTERSIGN_DATA_DIR=/data
# One pool of memory for all threads: each would keep what it once used.
ENV MALLOC_ARENA_MAX=1
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist/src dist/src
COPY bin bin
COPY package.json app.yml LICENSE ./
# For `docker exec`, and as a command of images built on this one.
RUN ln -s /app/bin/countersign.js /usr/local/bin/countersign
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# What is new is collected after 8 MB of it, where Node would wait for 32: what is kept is small.
ENTRYPOINT ["node", "--max-semi-space-size=8", "bin/countersign.js"]
CMD ["serve"]
