<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Closure;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\NotFound;
use Cognate\Client\Files\Contents;
use Cognate\Laravel\ErrorReport;
use Cognate\Laravel\Events\FileFailed;
use Cognate\Laravel\Events\FilePlaced;
use Cognate\Laravel\Hub;
use Cognate\V1\OutcomeError;
use Cognate\V1\Placement;
use Cognate\V1\PlaceResult;
use Google\Protobuf\Duration;
use Illuminate\Contracts\Events\Dispatcher;

/** Gets contents that records of here are to have, compares them with their hashes, and puts them in place as a whole. */
final class Fetcher
{
    /** What stays free on a disk. */
    private const SPARE_BYTES = 16 << 20;
    /** @var list<PlaceResult> */
    private array $results = [];
    private bool $isUnfinished = false;

    public function __construct(
        private readonly Hub $hub,
        private readonly Disks $disks,
        private readonly KnownFiles $known,
        private readonly FileHashes $hashes,
        private readonly FilePlaces $places,
        private readonly ErrorReport $errors,
        private readonly Dispatcher $events,
    ) {
    }

    /**
     * @param list<Placement> $placements that are due
     * @param Closure(): bool $mayGoOn asked before each piece
     * @return array{list<PlaceResult>, bool} what the hub is to be told, and whether there is more to fetch at once
     * @throws CognateException
     */
    public function fetch(array $placements, Closure $mayGoOn): array
    {
        $this->results = [];
        $this->isUnfinished = false;
        $small = $large = [];
        foreach ($placements as $placement) {
            $sha256 = bin2hex((string) $placement->getFile()?->getSha256());
            $size = (int) $placement->getFile()?->getSizeBytes();
            if (strlen($sha256) !== 64) {
                continue;
            }
            $ref = $this->look($placement, $sha256, $size);
            if ($ref !== null) {
                $size <= Contents::SMALL_BYTES ? $small[] = [$placement, $ref, $sha256, $size] : $large[] = [$placement, $ref, $sha256, $size];
            }
        }
        try {
            $this->small($small, $mayGoOn);
            foreach ($large as [$placement, $ref, $sha256, $size]) {
                $this->large($placement, $ref, $sha256, $size, $mayGoOn);
            }
        } catch (CognateException $error) {
            // What is in place is told all the same, and the rest comes again.
            if ($this->results === []) {
                throw $error;
            }
            $this->errors->tell('files were not fetched', $error);
        }
        return [$this->results, $this->isUnfinished];
    }

    /** Fetches a content again that is known and was lost here. */
    public function again(FileRef $ref, string $sha256, int $size, Closure $mayGoOn): bool
    {
        try {
            return $this->draft($ref, $sha256, $size, $mayGoOn, fn (int $offset): iterable => $this->hub->contents()->read($sha256, $offset));
        } catch (FileRefused | CognateException $error) {
            $this->errors->tell(FilePaths::shown($ref->path) . ' was lost here and not fetched again', $error);
            return false;
        }
    }

    /**
     * Copies what lies on another disk of here.
     *
     * @param resource $source
     */
    public function copy(FileRef $ref, string $sha256, int $size, $source, Closure $mayGoOn): bool
    {
        $read = static function (int $offset) use ($source): iterable {
            for ($at = 0; !feof($source); $at += strlen($piece)) {
                $piece = (string) fread($source, Contents::SMALL_BYTES);
                yield substr($piece, max(0, $offset - $at));
            }
        };
        try {
            return $this->draft($ref, $sha256, $size, $mayGoOn, $read);
        } catch (FileRefused $error) {
            $this->errors->tell(FilePaths::shown($ref->path) . " was not copied to the disk $ref->disk", $error);
            return false;
        } finally {
            fclose($source);
        }
    }

    /** Where it is to be put; null: it is there, it is refused, or its time has not come. */
    private function look(Placement $placement, string $sha256, int $size): ?FileRef
    {
        $ref = null;
        try {
            $ref = $this->places->of($placement->getPath(), $sha256, $size);
            if (!KnownFiles::isDue($this->known->find($ref->disk, $ref->path))) {
                return null;
            }
            if ($this->disks->get($ref->disk)->stat($ref->path)?->size === $size && $this->hashes->of($ref)?->sha256 === $sha256) {
                // It was put there by a worker that died before it said so.
                $this->disks->get($ref->disk)->discard($ref->path, $sha256);
                $this->known->undrafted($ref->disk, $ref->path);
                $this->told($placement, $ref, $sha256, $size);
                return null;
            }
            $room = $this->disks->get($ref->disk)->room();
            if ($room !== null && $room < $size + self::SPARE_BYTES) {
                throw new FileRefused('NO_ROOM', "the disk $ref->disk has room for $room bytes more, and " . FilePaths::shown($ref->path) . " has $size", 300.0);
            }
            return $ref;
        } catch (FileRefused $refused) {
            $this->failed($placement, $ref, $sha256, $refused);
            return null;
        }
    }

    /** @param list<array{Placement, FileRef, string, int}> $small */
    private function small(array $small, Closure $mayGoOn): void
    {
        while ($small !== [] && $mayGoOn()) {
            $batch = [];
            for ($bytes = 0; $small !== [] && ($batch === [] || $bytes + $small[0][3] <= Contents::SMALL_BYTES); $bytes += end($batch)[3]) {
                $batch[] = array_shift($small);
            }
            $contents = $this->hub->contents()->getSmall(array_column($batch, 2));
            foreach ($batch as [$placement, $ref, $sha256, $size]) {
                $this->attempt($placement, $ref, $sha256, $size, $mayGoOn, static fn (int $offset): iterable => isset($contents[$sha256]) ? [substr($contents[$sha256], $offset)] : []);
                unset($contents[$sha256]);
            }
        }
        $this->isUnfinished = $this->isUnfinished || $small !== [];
    }

    private function large(Placement $placement, FileRef $ref, string $sha256, int $size, Closure $mayGoOn): void
    {
        if (!$mayGoOn()) {
            $this->isUnfinished = true;
            return;
        }
        try {
            $this->attempt($placement, $ref, $sha256, $size, $mayGoOn, fn (int $offset): iterable => $this->hub->contents()->read($sha256, $offset));
        } catch (NotFound $error) {
            $this->failed($placement, $ref, $sha256, new FileRefused($error->reason, $error->getMessage(), 5.0));
        }
    }

    /** @param Closure(int): iterable<string> $read pieces from an offset on */
    private function attempt(Placement $placement, FileRef $ref, string $sha256, int $size, Closure $mayGoOn, Closure $read): void
    {
        try {
            $this->draft($ref, $sha256, $size, $mayGoOn, $read) ? $this->told($placement, $ref, $sha256, $size) : $this->isUnfinished = true;
        } catch (FileRefused $refused) {
            $this->failed($placement, $ref, $sha256, $refused);
        }
    }

    /**
     * Goes on with a draft, and puts it in place when it is whole.
     *
     * @param Closure(int): iterable<string> $read
     * @return bool whether it is in place; false: there is more to come
     * @throws FileRefused
     */
    private function draft(FileRef $ref, string $sha256, int $size, Closure $mayGoOn, Closure $read): bool
    {
        $disk = $this->disks->get($ref->disk);
        // Known before it is there: whoever comes after a crash clears it away.
        $this->known->drafting($ref->disk, $ref->path, $sha256, $size);
        $draft = $disk->draft($ref->path, $sha256);
        if ($draft === null) {
            return false;
        }
        try {
            $has = (int) fstat($draft)['size'];
            if ($has > $size) {
                ftruncate($draft, $has = 0);
            }
            fseek($draft, $has);
            if ($has < $size && !$this->append($draft, $has, $size, $mayGoOn, $read)) {
                fflush($draft);
                return false;
            }
            $this->compare($draft, $ref, $sha256, $size);
            $disk->publish($ref->path, $sha256, $draft);
        } catch (FileRefused $refused) {
            ftruncate($draft, 0);
            $disk->discard($ref->path, $sha256);
            $this->known->undrafted($ref->disk, $ref->path);
            throw $refused;
        } finally {
            fclose($draft);
        }
        $this->known->placed($ref->disk, $ref->path, (string) $disk->stat($ref->path)?->stamp(), $sha256, $size);
        return true;
    }

    /**
     * @param resource $draft
     * @param Closure(int): iterable<string> $read
     * @return bool whether all of it came
     */
    private function append($draft, int $has, int $size, Closure $mayGoOn, Closure $read): bool
    {
        $began = $has;
        foreach ($read($has) as $piece) {
            if ($has + strlen($piece) > $size) {
                throw new FileRefused('FILE_DAMAGED', "more came than the $size bytes that were said", 5.0);
            }
            if (@fwrite($draft, $piece) !== strlen($piece)) {
                throw new FileRefused('FILE_NOT_WRITABLE', 'there is no room for it', 60.0);
            }
            $has += strlen($piece);
            if ($has < $size && !$mayGoOn()) {
                return false;
            }
        }
        if ($has < $size && $has === $began) {
            throw new FileRefused('FILE_DAMAGED', "the hub gives $has of $size bytes", 5.0);
        }
        return $has === $size;
    }

    /** @param resource $draft */
    private function compare($draft, FileRef $ref, string $sha256, int $size): void
    {
        rewind($draft);
        $hash = hash_init('sha256');
        hash_update_stream($hash, $draft);
        if (hash_final($hash) !== $sha256) {
            throw new FileRefused('FILE_DAMAGED', 'what came for ' . FilePaths::shown($ref->path) . ' has another SHA-256 than was said', 5.0);
        }
    }

    private function told(Placement $placement, FileRef $ref, string $sha256, int $size): void
    {
        $result = (new PlaceResult())->setSha256((string) hex2bin($sha256))->setPath($placement->getPath());
        $this->results[] = $ref->path === $placement->getPath() ? $result : $result->setActualPath($ref->path);
        $this->tell(new FilePlaced($ref->disk, $ref->path, $sha256, $size));
    }

    private function failed(Placement $placement, ?FileRef $ref, string $sha256, FileRefused $refused): void
    {
        $error = (new OutcomeError())->setReason($refused->reason)->setMessage($refused->getMessage());
        if ($refused->retryDelay !== null) {
            $seconds = $ref === null ? $refused->retryDelay : $this->known->failed($ref->disk, $ref->path, $refused->getMessage());
            $error->setRetryDelay((new Duration())->setSeconds((int) ceil($seconds)));
        }
        $this->results[] = (new PlaceResult())->setSha256((string) hex2bin($sha256))->setPath($placement->getPath())->setError($error);
        $this->tell(new FileFailed((string) $ref?->disk, $ref->path ?? $placement->getPath(), false, $refused->reason, $refused->getMessage(), $refused->retryDelay !== null));
    }

    private function tell(object $event): void
    {
        try {
            $this->events->dispatch($event);
        } catch (\Throwable $error) {
            $this->errors->tell('a listener of ' . get_class($event) . ' failed', $error);
        }
    }
}
