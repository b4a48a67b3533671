/*
 * What every harness of a generated kernel shares: tensors filled with numbers of a fixed seed, launches, the comparison
 * with what the kernel means (computed on the processor in f64, from the plan's statements, never from the kernel's
 * text), a second launch that must give the same bits, and times. With nvcc it runs on the GPU; any C++17 compiler builds
 * the same program for the machine made of software in emulate.h.
 */
#ifndef MOEC_HARNESS_H
#define MOEC_HARNESS_H

#include "attention.h"
#include "check.h"
#include "choices.h"
#include "fills.h"
#include "machine.h"
#include "maps.h"
#include "meaning.h"
#include "report.h"
#include "steps.h"
#include "tensors.h"

#endif
