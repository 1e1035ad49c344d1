# One image with every program. `deploy/image/build` builds it; `deploy/image/tree` makes the same files without Docker.
#
# DEBIAN names the base of both stages by its digest, that of the index of all architectures: here debian:bookworm-20261005-slim. It is moved by a
# commit that writes here, and into deploy/compose/compose.yaml, what `deploy/image/build --base` prints: what the tag is at that moment.
# SNAPSHOT is the address of a Debian archive of one moment, which all packages then come from: the same sources give the same image.
ARG DEBIAN=debian:12-slim@sha256:7c7b2c966bc9ee8cedfeef67e0e279108992c77681fa595db4a9d65c06ccc587

FROM ${DEBIAN} AS build
ARG SNAPSHOT=
WORKDIR /source
COPY deploy/image/use-snapshot deploy/image/
RUN deploy/image/use-snapshot "$SNAPSHOT"
# Packages change more seldom than sources.
COPY scripts/setup scripts/
RUN apt-get update -q && scripts/setup build
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY proto proto
COPY common common
COPY services services
COPY cli cli
COPY demo demo
COPY bench bench
COPY tests tests
COPY clients clients
COPY scripts/build scripts/
COPY deploy/image/programs deploy/image/
RUN scripts/build release $(sed 's/-/_/g; s/$/_binary/' deploy/image/programs)
RUN while read -r program; do install -D -s "build/release/bin/$program" "/programs/usr/local/bin/$program" || exit 1; done < deploy/image/programs

FROM ${DEBIAN}
ARG SNAPSHOT=
ARG VERSION=0.1.0
ARG REVISION=
# Of DEBIAN; `deploy/image/build` takes it from there.
ARG BASE_DIGEST=
# The time in the list of packages; `deploy/image/build` gives that of the commit.
ARG SOURCE_DATE_EPOCH=0
COPY deploy/image/use-snapshot deploy/image/sbom deploy/image/packages /tmp/image/
# The user has no home, no shell and no password. What apt leaves behind would differ from build to build.
RUN /tmp/image/use-snapshot "$SNAPSHOT" \
 && apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive xargs -a /tmp/image/packages apt-get install -y -q --no-install-recommends \
 && groupadd --system --gid 10001 cognate \
 && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin cognate \
 && mkdir -p /usr/share/cognate && /tmp/image/sbom "$VERSION" > /usr/share/cognate/sbom.spdx.json \
 && rm -rf /tmp/image /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/log/apt \
      /var/log/dpkg.log /var/log/alternatives.log
COPY --from=build /programs/ /
LABEL org.opencontainers.image.title="Cognate" \
      org.opencontainers.image.description="Keeps the same records the same on many platforms" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="debian:12-slim" \
      org.opencontainers.image.base.digest="${BASE_DIGEST}" \
      io.cognate.sbom="/usr/share/cognate/sbom.spdx.json"
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
# Whichever program it is: its admin port, and where `cognate health` asks. Whoever wants to reach it from elsewhere says 0.0.0.0:7480.
ENV COGNATE_ADMIN=127.0.0.1:7480
# Whether it lives: what is not ready waits for another, and would not be helped by an end. Kubernetes has probes of its own.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 CMD ["/usr/local/bin/cognate", "health", "--timeout", "3s"]
CMD ["/usr/local/bin/cognate", "--help"]
