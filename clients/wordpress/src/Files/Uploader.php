<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Files\Contents;
use Cognate\WordPress\Hub;
use Cognate\WordPress\Store\Facts;

/**
 * Brings the hub the files that records lead to, each content once. One that is not taken keeps no other from leaving; while none can
 * leave, everything else goes on.
 */
final class Uploader
{
    /** Seconds until it is tried again. */
    private const PAUSE = 30.0;
    /** Nothing is sent before. */
    private float $from = 0.0;
    private string $error = '';
    /** @var array<string, array{float, string}> when it is tried again and why it failed, by hash */
    private array $failed = [];
    /** @var array<string, string> why the hub will never have it, by hash */
    private array $refused = [];

    public function __construct(private readonly Hub $hub, private readonly FileIndex $index, private readonly Facts $facts)
    {
    }

    /** What went wrong last, and has not passed. */
    public function error(): string
    {
        return $this->error !== '' ? $this->error : (string) (end($this->failed)[1] ?? '');
    }

    /**
     * Before their records, so that these need not wait: the small ones. What is large, or does not leave now, the hub asks for.
     *
     * @param list<LocalFile> $files
     * @param \Closure(): bool $mayGoOn
     */
    public function ensure(array $files, \Closure $mayGoOn): void
    {
        $this->sendSmall(array_filter($files, fn (LocalFile $file): bool => $file->sizeBytes <= Contents::SMALL_BYTES && !$this->index->isStored($file->sha256)), $mayGoOn);
    }

    /**
     * @param array<LocalFile> $files
     * @param \Closure(): bool $mayGoOn asked between batches
     * @return int how many travelled
     */
    public function sendSmall(array $files, \Closure $mayGoOn): int
    {
        return $this->guarded($files, fn (array $due): int => $this->batches($due, $mayGoOn));
    }

    /**
     * @param array<LocalFile> $files
     * @param \Closure(): bool $mayGoOn asked behind each piece
     * @param bool $isUnfinished set where there is more to send
     * @return int how many the hub has now
     */
    public function sendLarge(array $files, \Closure $mayGoOn, bool &$isUnfinished): int
    {
        return $this->guarded($files, function (array $due) use ($mayGoOn, &$isUnfinished): int {
            $sent = 0;
            foreach ($due as $file) {
                if (!$mayGoOn()) {
                    $isUnfinished = true;
                    break;
                }
                try {
                    $this->pieces($file, $mayGoOn) ? $sent++ : $isUnfinished = true;
                } catch (CognateException | TransferFailed $error) {
                    $this->fail($file, $error);
                }
            }
            return $sent;
        });
    }

    /** @return array<string, string> why, by hash: of contents that the hub will never have from here; each is said once */
    public function takeRefused(): array
    {
        [$refused, $this->refused] = [$this->refused, []];
        return $refused;
    }

    /** @param array<string, true> $wanted by hash: what failed and nobody waits for is no trouble any more */
    public function keep(array $wanted): void
    {
        $this->failed = array_intersect_key($this->failed, $wanted);
        $this->error = $wanted === [] ? '' : $this->error;
    }

    /**
     * @param array<LocalFile> $files
     * @param \Closure(array<string, LocalFile>): int $send
     */
    private function guarded(array $files, \Closure $send): int
    {
        $due = [];
        foreach ($files as $file) {
            if (($this->failed[$file->sha256][0] ?? 0.0) <= microtime(true)) {
                $due[$file->sha256] = $file;
            }
        }
        if ($due === [] || microtime(true) < $this->from) {
            return 0;
        }
        try {
            $sent = $send($due);
            $this->error = '';
            return $sent;
        } catch (CognateException $error) {
            $this->from = microtime(true) + max(self::PAUSE, (float) $error->retryDelay);
            $this->error = "no files are sent: {$error->getMessage()}";
            return 0;
        }
    }

    /** @param array<string, LocalFile> $files */
    private function batches(array $files, \Closure $mayGoOn): int
    {
        $has = $this->hub->contents()->has(array_keys($files));
        $batch = [];
        $bytes = $sent = 0;
        foreach ($files as $sha256 => $file) {
            // What was changed since it was looked at is another file, and comes with the next look.
            $data = $has[$sha256] ? false : @file_get_contents((string) Uploads::absolute($file->path));
            if ($has[$sha256]) {
                $this->taken($file);
            }
            if ($data === false || hash('sha256', $data) !== $sha256) {
                continue;
            }
            if ($batch !== [] && $bytes + strlen($data) > Contents::SMALL_BYTES) {
                $sent += $this->put($batch, $files);
                [$batch, $bytes] = [[], 0];
                if (!$mayGoOn()) {
                    return $sent;
                }
            }
            $batch[$sha256] = $data;
            $bytes += strlen($data);
        }
        return $batch === [] ? $sent : $sent + $this->put($batch, $files);
    }

    /**
     * @param non-empty-array<string, string> $batch contents by hash
     * @param array<string, LocalFile> $files
     */
    private function put(array $batch, array $files): int
    {
        try {
            $refused = $this->hub->contents()->putSmall($batch);
        } catch (CognateException $error) {
            array_map(fn (string $sha256) => $this->fail($files[$sha256], $error), array_keys($batch));
            return 0;
        }
        foreach (array_keys($batch) as $sha256) {
            isset($refused[$sha256]) ? $this->fail($files[$sha256], new TransferFailed($refused[$sha256])) : $this->taken($files[$sha256]);
        }
        return count($batch) - count($refused);
    }

    /** @return bool whether the hub has all of it; a run of cron may be too short for that: the next one goes on where this one stopped */
    private function pieces(LocalFile $file, \Closure $mayGoOn): bool
    {
        $fact = 'upload.' . substr($file->sha256, 0, 40);
        if (!$this->hub->contents()->has([$file->sha256])[$file->sha256] && !$this->append($file, $this->upload($file, $fact), $mayGoOn)) {
            return false;
        }
        $this->facts->set($fact, null);
        $this->taken($file);
        return true;
    }

    /** @return array{string, int} the upload's name, and how far it is */
    private function upload(LocalFile $file, string $fact): array
    {
        $uploads = $this->hub->contents()->uploads();
        $upload = $this->facts->get($fact);
        // Null where it is gone. Where the hub does not answer nothing is known, and what is there stays.
        $offset = $upload === null ? null : $uploads->offset($upload, $file->sizeBytes);
        if ($upload !== null && $offset !== null) {
            return [$upload, $offset];
        }
        $upload = $uploads->begin($file->sha256, $file->sizeBytes);
        $this->facts->set($fact, $upload);
        return [$upload, 0];
    }

    /** @param array{string, int} $upload @return bool whether the hub has all of it */
    private function append(LocalFile $file, array $upload, \Closure $mayGoOn): bool
    {
        [$name, $offset] = $upload;
        $handle = @fopen((string) Uploads::absolute($file->path), 'rb');
        if ($handle === false) {
            throw new TransferFailed('it cannot be read');
        }
        try {
            do {
                $length = min(Contents::PIECE_BYTES, $file->sizeBytes - $offset);
                $piece = $length > 0 ? (string) stream_get_contents($handle, $length, $offset) : '';
                if (strlen($piece) !== $length) {
                    throw new TransferFailed('it has become shorter; it is looked at anew');
                }
                // Where all bytes are there and the whole is not, its end alone is said once more.
                $offset = $this->hub->contents()->uploads()->append($name, $file->sha256, $file->sizeBytes, $offset, $piece);
            } while ($offset < $file->sizeBytes && $mayGoOn());
        } finally {
            fclose($handle);
        }
        return $offset >= $file->sizeBytes;
    }

    private function taken(LocalFile $file): void
    {
        unset($this->failed[$file->sha256]);
        $this->index->stored($file->sha256);
    }

    /** @throws CognateException where it is not this file that is at fault */
    private function fail(LocalFile $file, CognateException|TransferFailed $error): void
    {
        if ($error instanceof CognateException && !Contents::isOfOne($error)) {
            throw $error;
        }
        if ($error instanceof CognateException && $error->reason === 'WRITE_OFFSET_MISMATCH') {
            // The next look asks how far it is.
            return;
        }
        if ($error instanceof TransferFailed || $error->reason === 'FILE_DAMAGED') {
            // It is not what it was when it was read: its times do not show that.
            $this->index->doubt($file->path);
        }
        if ($error instanceof CognateException && Contents::isForGood($error)) {
            $this->refused[$file->sha256] = $error->getMessage();
        }
        $this->failed[$file->sha256] = [microtime(true) + self::PAUSE, "files: $file->path was not taken: {$error->getMessage()}"];
    }
}
