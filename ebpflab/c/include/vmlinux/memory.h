/* Memory of a process. */
#pragma once

struct mm_struct {
	atomic_t mm_count, mm_users;
	int map_count;
	unsigned long mmap_base, task_size, hiwater_rss, hiwater_vm;
	unsigned long total_vm, locked_vm, data_vm, exec_vm, stack_vm;
	unsigned long start_code, end_code, start_data, end_data;
	unsigned long start_brk, brk, start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;
	struct task_struct *owner;
	struct user_namespace *user_ns;
	struct file *exe_file;
};
struct vm_area_struct {
	unsigned long vm_start, vm_end;
	struct mm_struct *vm_mm;
	const vm_flags_t vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
	void *vm_private_data;
};
