# What make-drop makes of wasm2c's output (sed -E). There is one module, and its host is the one in host/:
# nothing needs to be told which instance is meant, and what every such file begins and ends with is in
# host/generated.h instead. Names and spaces that say nothing go, since all of it has to fit a floppy.

# The beginning, the table of functions' types, the end.
1,/^static u32 func_types/d
/^static void init_func_types/,/^\}/d
/^static void init_(data_instances|tables|elem_instances)/,/^\}/d
/^\/\* export: 'memory'/,$d
/^  FUNC_(PROLOGUE|EPILOGUE);$/d

# The instance as an argument, of definitions, of calls, through the table.
s/Z_verdigris_instance_t ?\*( instance)?, //g
s/\(Z_verdigris_instance_t ?\*( instance)?\)/(void)/g
s/\(instance, /(/g
s/\(instance\)/()/g
s/CALL_INDIRECT\(instance->w2c_T0, (u32|u64|void) \(\*\)\(void\*(, )?/CALL_INDIRECT(\1 (*)(/
s/CALL_INDIRECT\((.*\(\*\))\(\), /CALL_INDIRECT(\1(void), /
s/CALL_INDIRECT\((.* \(\*\)\([^()]*\)), ([0-9]+), (w2c_i[0-9]+), instance->w2c_T0\.data\[w2c_i[0-9]+\]\.module_instance(, )?/((\1)FUNCTION(\2, \3))(/
s/\(\*(Z_envZ_v[gh]_[a-z0-9_]+)\)\(instance->Z_env_instance(, )?/\1(/
s/\(wasm_rt_function_ptr_t\)&w2c_f/(FUNCTION_POINTER)F/

# Its memory and its globals.
s/&instance->w2c_memory, \(u64\)\((w2c_i[0-9]+)\) \+ ([0-9]+)u?/\1, \2/
s/&instance->w2c_memory, \(u64\)\((w2c_i[0-9]+)\)/\1, 0/
s/&?instance->w2c_memory, //
/  instance->w2c___(data_end|heap_base) = /d
s/instance->w2c_g0/w2c_g0/g

# Names and spaces. A function is not a number of floating point, nor a type.
s/w2c_f([0-9]+)\(/F\1(/g
s/w2c_//g
s/^ +//
/^(u32|u64|f32|f64) /!s/ ([-+*&|^]?=|==|!=|[-+*&|^<>]|<=|>=|<<|>>) /\1/g
s/, /,/g
s/0x0*([0-9a-f]+),/0x\1,/g
/^$/d
