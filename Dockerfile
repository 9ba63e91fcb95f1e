# The mock as an image that holds one file: `docker build -t tallyfy-mock .`, or `docker compose up`.
# Plain instructions only (no syntax line, no cache mounts), so that docker, buildah and podman build it alike.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
# Nothing is there to link to in `scratch`, so the C library goes into the binary. The target is named in each
# build below (it is the machine's own), else the flag would reach the procedural macros too, which must stay dynamic.
# A static program cannot look `getrandom` up by name, so it is told to call it; else it would need /dev/urandom.
ENV RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"'

# The dependencies, around an empty program: this layer is built again only when Cargo.toml or Cargo.lock change.
# What the empty program left behind is removed, else cargo may take it, being newer, for the real one.
# Tests, examples and benchmarks stay outside (.dockerignore), so the manifest must not name them.
COPY Cargo.toml Cargo.lock ./
RUN sed -E -i '/^\[\[(bench|example|test)\]\]/,/^$/d' Cargo.toml \
    && mkdir src \
    && echo 'fn main() {}' >src/main.rs \
    && : >src/lib.rs \
    && cargo build --release --locked --target "$(rustc --print host-tuple)" \
    && cargo clean --release --package tallyfy-mock --target "$(rustc --print host-tuple)"

COPY . .
RUN sed -E -i '/^\[\[(bench|example|test)\]\]/,/^$/d' Cargo.toml \
    && cargo build --release --locked --target "$(rustc --print host-tuple)" \
    && cp "target/$(rustc --print host-tuple)/release/tallyfy-mock" /tallyfy-mock

FROM scratch
LABEL org.opencontainers.image.title="tallyfy-mock" \
      org.opencontainers.image.description="A local server that answers like the groups API of Tallyfy, for tests and development" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /tallyfy-mock /tallyfy-mock
# Loopback inside a container is out of reach from outside it.
ENV TALLYFY_MOCK_HOST=0.0.0.0
# Nobody: it writes no file, and needs no right to listen on a port above 1024.
USER 65532:65532
EXPOSE 8255
# A folder mounted at /fixtures is loaded without being named; without one, the built-in demo is.
# The check asks where TALLYFY_MOCK_PORT says, so change the port by that variable and not by a flag.
HEALTHCHECK --interval=5s --timeout=3s --start-period=2s --retries=3 CMD ["/tallyfy-mock", "healthcheck"]
ENTRYPOINT ["/tallyfy-mock"]
