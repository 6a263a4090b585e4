# shellcheck source=../protos.sh
source "$HERE/protos.sh"
CLIENT=protos-python
VERSION=$GRPCIO_TOOLS_VERSION
TOOLS=(python3)

install() {
    install_protoc
}

# Ten lines over what is generated from this project's .proto files.
jobs() {
    fill_log
    job "generate" generate
    job "nothing clashes with the standard library" no_clash
    job "head and entries, as get has them" read_log
}

generate() {
    mkdir generated
    protoc --python_out="$PWD/generated" --grpc_python_out="$PWD/generated"
}

# No package or module that is generated has the name of one that comes with Python.
no_clash() {
    ls generated
    PYTHONPATH=generated python - <<'PYTHON'
import os, sys
generated = {name.split(".")[0] for name in os.listdir("generated")}
clash = generated & set(sys.stdlib_module_names)
assert generated and not clash, clash
PYTHON
}

read_log() {
    PYTHONPATH=generated python "$HERE/clients/protos/client.py" "${LOG_URL#http://}" | tee read
    agrees_with_get read
}
