/* Disks and the requests to them. */
#pragma once

struct bvec_iter {
	sector_t bi_sector;
	unsigned int bi_size, bi_idx, bi_bvec_done;
};
struct bio {
	struct bio *bi_next;
	struct block_device *bi_bdev;
	blk_opf_t bi_opf;
	unsigned short bi_flags, bi_ioprio, bi_vcnt;
	blk_status_t bi_status;
	struct bvec_iter bi_iter;
	void *bi_private;
};
struct block_device {
	sector_t bd_start_sect, bd_nr_sectors;
	struct gendisk *bd_disk;
	struct request_queue *bd_queue;
	dev_t bd_dev;
	atomic_t bd_openers;
};
struct gendisk {
	int major, first_minor, minors, flags;
	char disk_name[32];
	struct block_device *part0;
	struct request_queue *queue;
};
struct request_queue {
	void *queuedata;
	struct gendisk *disk;
	unsigned long nr_requests, queue_flags;
};
struct request {
	struct request_queue *q;
	blk_opf_t cmd_flags;
	req_flags_t rq_flags;
	int tag;
	unsigned int __data_len;
	sector_t __sector;
	struct bio *bio, *biotail;
	struct block_device *part;
	u64 start_time_ns, io_start_time_ns;
	unsigned short stats_sectors, nr_phys_segments;
};
