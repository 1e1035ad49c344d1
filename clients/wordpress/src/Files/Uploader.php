<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

use Cognate\V1\BatchWriteRequest;
use Cognate\V1\CheckRequest;
use Cognate\V1\SmallFile;
use Cognate\WordPress\Hub;
use Cognate\WordPress\Store\Facts;

/** Brings the hub the files that records lead to. One that it has already, whoever sent it, travels as its hash alone. */
final class Uploader
{
    private const SMALL = 1 << 20;
    private const BATCH = 3 << 20;
    private const PIECE = 4 << 20;
    /** What went wrong last; records are sent all the same, and the hub asks for what it lacks. */
    public string $error = '';

    public function __construct(
        private readonly Hub $hub,
        private readonly FileIndex $index,
        private readonly FileDoor $door,
        private readonly Facts $facts,
    ) {
    }

    /**
     * Before their records: then nobody waits.
     *
     * @param list<LocalFile> $files
     */
    public function ensure(array $files): void
    {
        try {
            $this->send($files);
        } catch (TransferFailed $error) {
            $this->error = $error->getMessage();
        }
    }

    /** @param list<LocalFile> $files */
    public function send(array $files): void
    {
        $wanted = [];
        foreach ($files as $file) {
            if (!$this->index->isStored($file->sha256)) {
                $wanted[$file->sha256] = $file;
            }
        }
        $wanted = array_values($wanted);
        if ($wanted === []) {
            return;
        }
        $this->error = '';
        $hashes = array_map(static fn (LocalFile $file): string => (string) hex2bin($file->sha256), $wanted);
        $has = $this->hub->client()->fileTransfer()->check(new CheckRequest(['sha256s' => $hashes, 'platform' => $this->hub->platform()]))->getHas();
        $small = [];
        foreach ($wanted as $place => $file) {
            if ($has[$place]) {
                $this->index->stored($file->sha256);
            } elseif ($file->sizeBytes <= self::SMALL) {
                $small[] = $file;
            } else {
                $this->sendLarge($file);
            }
        }
        $this->sendSmall($small);
    }

    /** @param list<LocalFile> $files */
    private function sendSmall(array $files): void
    {
        while ($files !== []) {
            $batch = $sent = [];
            for ($bytes = 0; $files !== [] && $bytes < self::BATCH;) {
                $file = array_shift($files);
                $data = @file_get_contents((string) Uploads::absolute($file->path));
                // What was changed since it was looked at is another file, and comes with the next look.
                if ($data !== false && hash('sha256', $data) === $file->sha256) {
                    $batch[] = new SmallFile(['sha256' => (string) hex2bin($file->sha256), 'data' => $data]);
                    $sent[] = $file;
                    $bytes += strlen($data);
                }
            }
            if ($batch === []) {
                continue;
            }
            $errors = $this->hub->client()->fileTransfer()->batchWrite(new BatchWriteRequest(['platform' => $this->hub->platform(), 'files' => $batch]))->getErrors();
            foreach ($sent as $place => $file) {
                $reason = isset($errors[$place]) ? $errors[$place]->getReason() : '';
                $reason === '' ? $this->index->stored($file->sha256) : $this->error = "files: $file->path was not taken: $reason";
            }
        }
    }

    /** A run of cron may be too short for it: the next one goes on where this one stopped. */
    private function sendLarge(LocalFile $file): void
    {
        $fact = 'upload.' . substr($file->sha256, 0, 40);
        $upload = $this->facts->get($fact);
        $offset = $upload === null ? null : $this->door->offset($upload);
        if ($upload === null || $offset === null) {
            $upload = $this->door->begin($file);
            $this->facts->set($fact, $upload);
            $offset = 0;
        }
        $handle = @fopen((string) Uploads::absolute($file->path), 'rb');
        if ($handle === false) {
            throw new TransferFailed("files: cannot read $file->path");
        }
        try {
            while ($offset < $file->sizeBytes) {
                fseek($handle, $offset);
                $bytes = (string) fread($handle, min(self::PIECE, $file->sizeBytes - $offset));
                if ($bytes === '') {
                    throw new TransferFailed("files: $file->path has become shorter; it is looked at anew");
                }
                $offset = $this->door->append($upload, $offset, $bytes);
            }
        } finally {
            fclose($handle);
        }
        $this->facts->set($fact, null);
        $this->index->stored($file->sha256);
    }
}
