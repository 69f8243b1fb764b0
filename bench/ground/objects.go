package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func (b *bench) bucket(ctx context.Context, name string) (*s3.Client, *string, error) {
	c := s3.NewFromConfig(b.cfg, func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String(name + "-" + b.run)
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket})
	return c, bucket, err
}

// objects puts and gets small and large objects.
func (b *bench) objects(ctx context.Context) error {
	c, bucket, err := b.bucket(ctx, "objects")
	if err != nil {
		return err
	}
	for _, o := range []struct {
		name  string
		size  int
		unit  string
		worth float64
	}{{"4 KiB", 4 << 10, "objects", 1}, {"8 MiB", 8 << 20, "MiB", 8}} {
		body := make([]byte, o.size)
		key := func(client, n int) *string { return aws.String(fmt.Sprintf("%s/%d/%d", o.name, client, n)) }
		err := b.measure(ctx, "put objects of "+o.name, o.unit, o.worth, func(ctx context.Context, client, n int) error {
			_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key(client, n%200), Body: bytes.NewReader(body)})
			return err
		})
		if err != nil {
			return err
		}
		err = b.measure(ctx, "get objects of "+o.name, o.unit, o.worth, func(ctx context.Context, client, _ int) error {
			out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key(client, 0)})
			if err != nil {
				return err
			}
			defer out.Body.Close()
			_, err = io.Copy(io.Discard, out.Body)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// listing reads pages of 1,000 from the start and the middle of a bucket.
func (b *bench) listing(ctx context.Context) error {
	c, bucket, err := b.bucket(ctx, "listing")
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make(chan error, b.clients)
	for client := range b.clients {
		wg.Go(func() {
			for n := client; n < b.listed; n += b.clients {
				_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String(fmt.Sprintf("k%08d", n))})
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	if err := <-errs; err != nil {
		return err
	}
	var took []time.Duration
	for n := range 50 {
		in := &s3.ListObjectsV2Input{Bucket: bucket}
		if n%2 == 1 {
			in.StartAfter = aws.String(fmt.Sprintf("k%08d", b.listed/2))
		}
		start := time.Now()
		if _, err := c.ListObjectsV2(ctx, in); err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	fmt.Printf("%-28s %10d objects   %s\n", "list 1,000 of", b.listed, spread(took))
	return nil
}
