/* Files: names, inodes, mounts, and the program that is about to be executed. */
#pragma once

struct qstr {
	union {
		struct {
			u32 hash, len;
		};
		u64 hash_len;
	};
	const unsigned char *name;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct dentry {
	unsigned int d_flags;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
	unsigned long d_time;
	void *d_fsdata;
};
struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
	int mnt_flags;
};
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	const char *mnt_devname;
	struct mnt_namespace *mnt_ns;
	int mnt_id;
};
struct inode {
	umode_t i_mode;
	unsigned short i_opflags;
	kuid_t i_uid;
	kgid_t i_gid;
	unsigned int i_flags;
	const struct inode_operations *i_op;
	struct super_block *i_sb;
	struct address_space *i_mapping;
	unsigned long i_ino;
	const unsigned int i_nlink;
	dev_t i_rdev;
	loff_t i_size;
	time64_t i_atime_sec, i_mtime_sec, i_ctime_sec;
	u8 i_blkbits;
	blkcnt_t i_blocks;
	atomic_t i_count;
	const struct file_operations *i_fop;
	u32 i_generation;
	void *i_private;
};
struct super_block {
	dev_t s_dev;
	unsigned long s_blocksize;
	loff_t s_maxbytes;
	struct file_system_type *s_type;
	unsigned long s_flags, s_magic;
	struct dentry *s_root;
	int s_count;
	char s_id[32];
	struct block_device *s_bdev;
	struct user_namespace *s_user_ns;
};
struct file_system_type {
	const char *name;
	int fs_flags;
};
struct address_space {
	struct inode *host;
	unsigned long nrpages;
};
struct file {
	fmode_t f_mode;
	const struct file_operations *f_op;
	struct address_space *f_mapping;
	void *private_data;
	struct inode *f_inode;
	unsigned int f_flags, f_iocb_flags;
	const struct cred *f_cred;
	struct path f_path;
	loff_t f_pos;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *close_on_exec, *open_fds;
};
struct files_struct {
	atomic_t count;
	struct fdtable *fdt;
	unsigned int next_fd;
	struct file *fd_array[64];
};
struct fs_struct {
	int users, umask, in_exec;
	struct path root, pwd;
};
struct filename {
	const char *name, *uptr;
	atomic_t refcnt;
};
struct iovec {
	void *iov_base;
	__kernel_size_t iov_len;
};
struct iov_iter {
	u8 iter_type;
	bool data_source;
	size_t iov_offset, count;
	unsigned long nr_segs;
};
struct kiocb {
	struct file *ki_filp;
	loff_t ki_pos;
	int ki_flags;
};
struct open_how {
	__u64 flags, mode, resolve;
};
struct linux_binprm {
	struct vm_area_struct *vma;
	struct mm_struct *mm;
	unsigned long p;
	struct file *executable, *interpreter, *file;
	struct cred *cred;
	int unsafe, argc, envc;
	const char *filename, *interp, *fdpath;
	unsigned long exec;
	char buf[256];
};
