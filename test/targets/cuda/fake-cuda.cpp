/*
 * A stand-in for libcuda and libnvrtc on machines without a GPU, for tests: the same calls, answered by a machine made of
 * software. Its compiler builds a program's text with the system's C++ compiler over templates/cuda/emulate.h; its memory
 * is the host's; captured graphs are lists of launches. What is asked wrongly is refused as the driver would.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#define CALL extern "C" __attribute__((visibility("default")))

typedef void (*Kernel)(unsigned, unsigned, unsigned, int, void **, int);

/* A kernel's parameter: a word, or what the copy engine has to know of a tensor. */
struct alignas(128) Value {
  uint64_t words[16];
};
struct Launch {
  Kernel kernel;
  unsigned grid[3];
  int threads;
  std::vector<Value> values;
};
struct Function {
  Kernel kernel;
  /* how many bytes each parameter has; 0 behind the last */
  const int *parameters;
  int shared;
};
struct Graph {
  std::vector<Launch> launches;
};
struct Stream {
  bool capturing;
  Graph *graph;
};

static bool begun;
static std::map<uint64_t, size_t> allocations;
static std::set<void *> modules;
static int most_memory() {
  const char *set = getenv("FAKE_CUDA_MEGABYTES");
  return set ? atoi(set) : 1 << 20;
}

enum { OK = 0, INVALID = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700 };

CALL int cuGetErrorString(int code, const char **text) {
  *text = code == OUT_OF_MEMORY ? "out of memory" : code == NOT_FOUND ? "named symbol not found" : code == INVALID ? "invalid argument" : "some error";
  return OK;
}
CALL int cuInit(unsigned) {
  begun = true;
  return getenv("FAKE_CUDA_BROKEN") ? 100 : OK;
}
CALL int cuDriverGetVersion(int *version) { return *version = 13000, OK; }
CALL int cuDeviceGetCount(int *count) { return *count = getenv("FAKE_CUDA_DEVICES") ? atoi(getenv("FAKE_CUDA_DEVICES")) : 1, begun ? OK : NOT_INITIALIZED; }
CALL int cuDeviceGetName(char *name, int length, int) { return snprintf(name, length, "Emulated GPU"), OK; }
CALL int cuDeviceTotalMem_v2(size_t *bytes, int) { return *bytes = (size_t)most_memory() << 20, OK; }
CALL int cuDeviceGetAttribute(int *value, int attribute, int) {
  /* FAKE_CUDA_HOPPER: with so few multiprocessors that each has several tiles to make. */
  const bool hopper = getenv("FAKE_CUDA_HOPPER");
  *value = attribute == 75 ? (getenv("FAKE_CUDA_OLD") ? 7 : hopper ? 9 : 8) : attribute == 76 ? 0 : attribute == 97 ? (hopper ? 232448 : 166912) : hopper ? 3 : 108;
  return OK;
}
CALL int cuDevicePrimaryCtxRetain(uint64_t *context, int) { return *context = 1, OK; }
CALL int cuDevicePrimaryCtxRelease_v2(int) { return OK; }
CALL int cuCtxSetCurrent(uint64_t context) { return context == 1 ? OK : INVALID; }

/* Machine code is a library, behind its length. */
CALL int cuModuleLoadData(void **module, const uint64_t *image) {
  char path[] = "/tmp/moec-emulated-XXXXXX";
  const int file = mkstemp(path);
  if (file < 0 || write(file, image + 1, image[0]) != (ssize_t)image[0]) return 200;
  close(file);
  *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!*module) fprintf(stderr, "%s\n", dlerror());
  unlink(path);
  modules.insert(*module);
  return *module ? OK : 200;
}
CALL int cuModuleUnload(void *module) { return modules.erase(module) ? OK : INVALID; }
CALL int cuModuleGetFunction(void **function, void *module, const char *name) {
  const std::string base = name;
  void *kernel = dlsym(module, ("emulated_" + base).c_str());
  const int **parameters = (const int **)dlsym(module, ("parameters_" + base).c_str());
  if (!kernel || !parameters) return NOT_FOUND;
  *function = new Function{(Kernel)kernel, *parameters, 49152};
  return OK;
}
CALL int cuFuncSetAttribute(Function *function, int attribute, int value) {
  if (attribute != 8 || value > (getenv("FAKE_CUDA_HOPPER") ? 232448 : 166912)) return INVALID;
  function->shared = value;
  return OK;
}

CALL int cuMemAlloc_v2(uint64_t *memory, size_t bytes) {
  if (bytes == 0) return INVALID;
  if (bytes > (size_t)most_memory() << 20) return OUT_OF_MEMORY;
  /* Numbers nobody wrote are not numbers. */
  void *p = aligned_alloc(256, (bytes + 511) / 256 * 256);
  memset(p, 0xff, bytes);
  allocations[(uint64_t)p] = bytes;
  return *memory = (uint64_t)p, OK;
}
static bool inside(uint64_t at, size_t bytes) {
  auto next = allocations.upper_bound(at);
  if (next == allocations.begin()) return false;
  --next;
  return at + bytes <= next->first + next->second;
}
CALL int cuMemFree_v2(uint64_t memory) {
  if (!allocations.erase(memory)) return INVALID;
  free((void *)memory);
  return OK;
}
CALL int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) {
  if (!inside(to, bytes)) return INVALID;
  return memcpy((void *)to, from, bytes), OK;
}
CALL int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) {
  if (!inside(from, bytes)) return INVALID;
  return memcpy(to, (void *)from, bytes), OK;
}
CALL int cuMemsetD8_v2(uint64_t to, unsigned char value, size_t bytes) {
  if (!inside(to, bytes)) return INVALID;
  return memset((void *)to, value, bytes), OK;
}

/* What emulate-hopper.h reads as `Map`. */
struct Map {
  uint64_t mark, address, dims[3], strides[2];
  uint32_t box[3], width;
};
CALL int cuTensorMapEncodeTiled(void *map, int type, unsigned rank, uint64_t address, const uint64_t *dims, const uint64_t *strides, const uint32_t *box,
                                const uint32_t *steps, int interleave, int swizzle, int, int fill) {
  if (!getenv("FAKE_CUDA_HOPPER") || (uint64_t)map % 64 != 0 || (type != 9 && type != 7) || rank != 3 || address % 16 != 0 || interleave != 0 || swizzle != 3 || fill != 0) return INVALID;
  const uint32_t width = type == 9 ? 2 : 4;
  Map made = {0x6d61702d62663136ull, address, {}, {}, {}, width};
  for (int i = 0; i < 3; i++) {
    if (dims[i] == 0 || dims[i] > 1ull << 32 || box[i] == 0 || box[i] > 256 || steps[i] != 1) return INVALID;
    made.dims[i] = dims[i];
    made.box[i] = box[i];
  }
  for (int i = 0; i < 2; i++) {
    if (strides[i] % 16 != 0 || strides[i] == 0 || strides[i] >= 1ull << 40) return INVALID;
    made.strides[i] = strides[i];
  }
  if (box[0] * width > 128 || !inside(address, width * dims[0])) return INVALID;
  if (!inside(address + (dims[2] - 1) * strides[1] + (dims[1] - 1) * strides[0], width * dims[0])) return INVALID;
  memset(map, 0, 128);
  return memcpy(map, &made, sizeof made), OK;
}

CALL int cuStreamCreate(Stream **stream, unsigned) { return *stream = new Stream{false, nullptr}, OK; }
CALL int cuStreamDestroy_v2(Stream *stream) { return delete stream, OK; }
CALL int cuStreamSynchronize(Stream *stream) { return stream->capturing ? 900 : OK; }

static void run(Launch &launch) {
  std::vector<void *> places;
  for (auto &value : launch.values) places.push_back(&value);
  const char *backwards = getenv("FAKE_CUDA_BACKWARDS");
  launch.kernel(launch.grid[0], launch.grid[1], launch.grid[2], launch.threads, places.data(), backwards && *backwards == '1');
}

CALL int cuLaunchKernel(Function *f, unsigned x, unsigned y, unsigned z, unsigned bx, unsigned by, unsigned bz, unsigned shared, Stream *stream,
                        void **params, void **) {
  if (x == 0 || y == 0 || z == 0 || y > 65535 || z > 65535 || by != 1 || bz != 1 || bx == 0 || bx > 1024 || (int)shared > f->shared) return INVALID;
  Launch launch = {f->kernel, {x, y, z}, (int)bx, {}};
  for (int i = 0; f->parameters[i] > 0; i++) memcpy(&launch.values.emplace_back(), params[i], f->parameters[i]);
  if (stream->capturing) stream->graph->launches.push_back(launch);
  else run(launch);
  return OK;
}
CALL int cuStreamBeginCapture_v2(Stream *stream, int) { return stream->capturing = true, stream->graph = new Graph, OK; }
CALL int cuStreamEndCapture(Stream *stream, Graph **graph) { return stream->capturing = false, *graph = stream->graph, OK; }
CALL int cuGraphInstantiateWithFlags(Graph **ready, Graph *graph, uint64_t) { return *ready = new Graph(*graph), OK; }
CALL int cuGraphDestroy(Graph *graph) { return delete graph, OK; }
CALL int cuGraphExecDestroy(Graph *graph) { return delete graph, OK; }
CALL int cuGraphLaunch(Graph *graph, Stream *) {
  for (auto &launch : graph->launches) run(launch);
  return OK;
}

CALL int cuEventCreate(int **event, unsigned) { return *event = new int(0), OK; }
CALL int cuEventRecord(int *event, Stream *) { return *event = 1, OK; }
CALL int cuEventElapsedTime(float *milliseconds, int *from, int *to) { return *milliseconds = 0.001f, *from && *to ? OK : 600; }
CALL int cuEventDestroy_v2(int *event) { return delete event, OK; }

/* The compiler. */
struct Program {
  std::string source, log, code;
  std::map<std::string, std::string> headers;
};
static std::string text_of(const std::string &path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}
CALL int nvrtcVersion(int *major, int *minor) { return *major = 13, *minor = FAKE_CUDA_MINOR, 0; }
CALL int nvrtcCreateProgram(Program **program, const char *source, const char *, int count, const char **headers, const char **names) {
  *program = new Program{source, "", "", {}};
  for (int i = 0; i < count; i++) (*program)->headers[names[i]] = headers[i];
  return 0;
}
CALL int nvrtcCompileProgram(Program *program, int count, const char **options) {
  const char *option = getenv("FAKE_CUDA_HOPPER") ? "--gpu-architecture=sm_90a" : "--gpu-architecture=sm_80";
  if (count != 1 || (std::string(options[0]) != option && std::string(options[0]) != "--gpu-architecture=sm_90")) return program->log = "unknown option", 6;
  char folder[] = "/tmp/moec-emulated-XXXXXX";
  if (!mkdtemp(folder)) return 1;
  const std::string in = folder;
  for (auto &[name, text] : program->headers) std::ofstream(in + "/" + name) << text;
  std::ofstream(in + "/model.cu") << program->source;
  std::ofstream main(in + "/main.cpp");
  main << "#include \"model.cu\"\n";
  const std::string &text = program->source;
  for (size_t at = text.find("__launch_bounds__("); at != std::string::npos; at = text.find("__launch_bounds__(", at + 1)) {
    const size_t name_at = text.find('\n', at) + 1;
    const std::string name = text.substr(name_at, text.find('(', name_at) - name_at);
    main << "EMULATED(" << name << ")\n";
    main << "extern \"C\" __attribute__((visibility(\"default\"))) const int *parameters_" << name << " = emulate::sizes_of(" << name << ");\n";
  }
  main.close();
  const std::string command = std::string(FAKE_CUDA_CXX) +
                              " -shared -Wno-unknown-pragmas -I" FAKE_CUDA_TEMPLATES " " +
                              in + "/main.cpp -o " + in + "/model.so 2> " + in + "/log";
  const bool built = system(command.c_str()) == 0;
  program->log = text_of(in + "/log");
  if (built) program->code = text_of(in + "/model.so");
  for (const char *name : {"model.cu", "main.cpp", "model.so", "log"}) unlink((in + "/" + name).c_str());
  for (auto &[name, text] : program->headers) unlink((in + "/" + name).c_str());
  rmdir(folder);
  return built ? 0 : 6;
}
CALL int nvrtcGetCUBINSize(Program *program, size_t *size) { return *size = program->code.size() + 8, 0; }
CALL int nvrtcGetCUBIN(Program *program, char *code) {
  const uint64_t size = program->code.size();
  memcpy(code, &size, 8);
  return memcpy(code + 8, program->code.data(), size), 0;
}
CALL int nvrtcGetProgramLogSize(Program *program, size_t *size) { return *size = program->log.size() + 1, 0; }
CALL int nvrtcGetProgramLog(Program *program, char *log) { return strcpy(log, program->log.c_str()), 0; }
CALL int nvrtcDestroyProgram(Program **program) { return delete *program, 0; }
