<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\InternalError;
use Cognate\Client\Exception\NotFound;
use Cognate\Client\Files\Contents;
use Cognate\V1\File;
use Cognate\V1\OutcomeError;
use Cognate\V1\Placement;
use Cognate\V1\PlacementState;
use Cognate\V1\PlaceResult;
use Cognate\WordPress\Hub;
use Cognate\WordPress\Store\Facts;
use Google\Protobuf\Duration;

/**
 * Asks what files this site lacks or owes, gets the ones, sends the others: the small ones first, of all that is asked for, then the large
 * ones. In slices of time, so that records go on to travel.
 */
final class Fetcher
{
    private const PAGE = 200;
    /** Seconds until what failed is tried again. */
    private const AGAIN = 10;
    /** Seconds for which a file must be gone, before others are told. */
    private const PATIENCE = 5;
    /** Whether there is more to do at once. */
    public bool $isUnfinished = false;
    /** @var array<string, LocalFile> files that were put here once and are gone, by path */
    private array $lost = [];
    /** @var array<string, string> what the hub calls the paths of these */
    private array $names = [];
    /** @var list<PlaceResult> */
    private array $answers = [];

    public function __construct(
        private readonly Hub $hub,
        private readonly FileIndex $index,
        private readonly Placer $placer,
        private readonly Uploader $uploader,
        private readonly FileOwners $owners,
        private readonly Facts $facts,
    ) {
    }

    /**
     * @param \Closure(): bool $mayGoOn
     * @return \Closure(): bool whether it may, and the slice that begins now is not over
     */
    public static function slice(\Closure $mayGoOn): \Closure
    {
        $until = microtime(true) + max(0.05, (float) apply_filters('cognate_file_slice_seconds', 2.0));
        return static fn (): bool => microtime(true) < $until && $mayGoOn();
    }

    /**
     * @param \Closure(): bool $mayGoOn
     * @return int how many files have arrived, here or there
     * @throws CognateException
     */
    public function work(\Closure $mayGoOn): int
    {
        $this->isUnfinished = false;
        $this->answers = $this->missed();
        $this->answer();
        $slice = self::slice($mayGoOn);
        $owed = $large = $largeDue = [];
        $moved = 0;
        $token = '';
        do {
            $page = $this->hub->missing(self::PAGE, $token);
            $token = $page->getNextPageToken();
            $small = $due = [];
            foreach ($page->getPlacements() as $placement) {
                if ($placement->getState() === PlacementState::PLACEMENT_STATE_DUE) {
                    unset($this->lost[$placement->getPath()]);
                    self::size($placement) <= Contents::SMALL_BYTES ? $due[] = $placement : $largeDue[] = $placement;
                } elseif ($placement->getState() === PlacementState::PLACEMENT_STATE_LACKING && ($file = $this->own($placement)) !== null) {
                    $owed[$file->sha256] = $placement;
                    $file->sizeBytes <= Contents::SMALL_BYTES ? $small[] = $file : $large[] = $file;
                }
            }
            $moved += $this->uploader->sendSmall($small, $slice) + $this->placeSmall($due, $slice);
        } while ($token !== '' && $slice());
        $moved += $this->uploader->sendLarge($large, self::slice($mayGoOn), $this->isUnfinished);
        $this->answerFor($owed);
        $moved += $this->placeLarge($largeDue, self::slice($mayGoOn));
        if ($token === '') {
            $this->uploader->keep(array_fill_keys(array_keys($owed), true));
            $moved += $this->fetchLost(self::slice($mayGoOn));
        }
        $this->isUnfinished = $this->isUnfinished || $token !== '';
        return $moved;
    }

    /** A file of here that has the content which others wait for. */
    private function own(Placement $placement): ?LocalFile
    {
        $sha256 = self::hash($placement);
        $file = $this->index->of($sha256) ?? $this->index->at($placement->getPath());
        if ($file?->sha256 === $sha256) {
            return $file;
        }
        // It was replaced or removed since. Not for a moment, as when the uploads are not mounted.
        $fact = 'gone.' . substr($sha256, 0, 40);
        $since = $this->facts->get($fact);
        $since ?? $this->facts->set($fact, (string) time());
        $isCaptured = $file !== null && $this->owners->captureThoseOf($placement->getPath()) > 0;
        if (!$isCaptured && $since !== null && time() - (int) $since >= self::PATIENCE && is_dir(Uploads::directory())) {
            $this->facts->set($fact, null);
            $this->answers[] = $this->result($placement, null, 'FILE_NOT_THERE', 'it is not among the uploads any more as it was captured');
        }
        return null;
    }

    /** @param array<string, Placement> $owed by hash */
    private function answerFor(array $owed): void
    {
        foreach (array_intersect_key($this->uploader->takeRefused(), $owed) as $sha256 => $why) {
            $this->answers[] = $this->result($owed[$sha256], null, 'UPLOAD_TOO_LARGE', $why);
        }
        $this->answer();
    }

    private function answer(): void
    {
        $this->hub->place($this->answers);
        $this->answers = [];
    }

    /**
     * @param list<Placement> $due
     * @param \Closure(): bool $mayGoOn
     */
    private function placeSmall(array $due, \Closure $mayGoOn): int
    {
        $placed = 0;
        while ($due !== [] && $mayGoOn()) {
            $batch = [];
            for ($bytes = 0; $due !== [] && ($batch === [] || $bytes + self::size($due[0]) <= Contents::SMALL_BYTES); $bytes += self::size(end($batch))) {
                $batch[] = array_shift($due);
            }
            $contents = $this->hub->contents()->getSmall(array_values(array_unique(array_map(self::hash(...), $batch))));
            $put = fn (string $path, string $sha256): string => $this->placer->put($path, $sha256, $contents[$sha256] ?? throw new TransferFailed('files: the hub does not give it'));
            // Together: what a worker that dies has not said is put in place again, and is there already.
            $results = array_values(array_filter(array_map(fn (Placement $placement): ?PlaceResult => $this->attempt($placement, $put), $batch)));
            $this->hub->place($results);
            $placed += count(array_filter($results, static fn (PlaceResult $result): bool => !$result->hasError()));
        }
        $this->isUnfinished = $this->isUnfinished || $due !== [];
        return $placed;
    }

    /**
     * @param list<Placement> $due
     * @param \Closure(): bool $mayGoOn
     */
    private function placeLarge(array $due, \Closure $mayGoOn): int
    {
        $placed = 0;
        foreach ($due as $placement) {
            $fetch = fn (string $path, string $sha256): ?string => $this->placer->fetch($path, $sha256, self::size($placement), $this->reader($sha256), $mayGoOn);
            $result = $mayGoOn() ? $this->attempt($placement, $fetch) : null;
            if ($result === null) {
                $this->isUnfinished = true;
                break;
            }
            $this->hub->place([$result]);
            $placed += $result->hasError() ? 0 : 1;
        }
        return $placed;
    }

    /**
     * @param \Closure(string, string): ?string $put
     * @return PlaceResult|null null: not yet
     */
    private function attempt(Placement $placement, \Closure $put): ?PlaceResult
    {
        try {
            $actual = $put($placement->getPath(), self::hash($placement));
            return $actual === null ? null : $this->result($placement, $actual);
        } catch (FileRefused $error) {
            return $this->result($placement, null, $error->reason, $error->getMessage());
        } catch (TransferFailed $error) {
            return $this->result($placement, null, 'TRANSFER_FAILED', $error->getMessage(), self::AGAIN);
        } catch (NotFound | InternalError $error) {
            return $this->result($placement, null, $error->reason ?: 'TRANSFER_FAILED', $error->getMessage(), self::AGAIN);
        }
    }

    /**
     * What was put here once and a record wants is due again: the hub is told. One that is older than this plugin does not list it then, and it
     * is fetched all the same.
     *
     * @return list<PlaceResult>
     */
    private function missed(): array
    {
        $results = [];
        foreach ($this->index->takeMissed() as $path => $file) {
            $this->lost[$path] = $file;
            $this->names[$path] = $this->facts->get(self::nameFact($path)) ?? $path;
            $results[] = $this->result(self::placementOf($file), null, 'FILE_NOT_THERE', 'it was put in place, and is not among the uploads any more', 0);
        }
        return $results;
    }

    /** @param \Closure(): bool $mayGoOn */
    private function fetchLost(\Closure $mayGoOn): int
    {
        $fetched = 0;
        foreach ($this->lost as $path => $file) {
            $result = $mayGoOn() ? $this->attempt(self::placementOf($file), fn (): ?string => $this->placer->fetch($path, $file->sha256, $file->sizeBytes, $this->reader($file->sha256), $mayGoOn)) : null;
            if ($result === null) {
                $this->isUnfinished = true;
                break;
            }
            unset($this->lost[$path]);
            $result->hasError() || $this->hub->place([$result]);
            $fetched += $result->hasError() ? 0 : 1;
        }
        return $fetched;
    }

    /** @return \Closure(int): iterable<string> */
    private function reader(string $sha256): \Closure
    {
        return fn (int $offset): iterable => $this->hub->contents()->read($sha256, $offset);
    }

    /** @param string|null $actual where it was put; null: it was not */
    private function result(Placement $placement, ?string $actual, string $reason = '', string $message = '', ?int $retrySeconds = null): PlaceResult
    {
        $path = $this->names[$placement->getPath()] ?? $placement->getPath();
        $result = new PlaceResult(['sha256' => (string) hex2bin(self::hash($placement)), 'path' => $path]);
        if ($actual === null) {
            $retry = $retrySeconds === null ? [] : ['retry_delay' => new Duration(['seconds' => $retrySeconds])];
            return $result->setError(new OutcomeError(['reason' => $reason, 'message' => $message] + $retry));
        }
        if ($actual === $path) {
            return $result;
        }
        // The hub knows it by its own name, should it be lost.
        $this->facts->set(self::nameFact($actual), $path);
        return $result->setActualPath($actual);
    }

    private static function placementOf(LocalFile $file): Placement
    {
        return new Placement(['path' => $file->path, 'file' => new File(['sha256' => (string) hex2bin($file->sha256), 'size_bytes' => $file->sizeBytes])]);
    }

    private static function nameFact(string $path): string
    {
        return 'name.' . md5($path);
    }

    private static function hash(Placement $placement): string
    {
        return bin2hex((string) $placement->getFile()?->getSha256());
    }

    private static function size(Placement $placement): int
    {
        return (int) $placement->getFile()?->getSizeBytes();
    }
}
