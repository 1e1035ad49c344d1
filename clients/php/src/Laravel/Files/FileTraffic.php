<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Closure;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Files\Contents;
use Cognate\Laravel\ErrorReport;
use Cognate\Laravel\Events\FileFailed;
use Cognate\Laravel\Hub;
use Cognate\V1\Placement;
use Cognate\V1\PlacementState;
use Illuminate\Contracts\Events\Dispatcher;

/** What the hub lacks and this platform has, and the other way round. In slices of time: a large file does not keep records waiting. */
final class FileTraffic
{
    private const PAGE = 200;
    /** Seconds between two questions while nothing is under way. */
    private const PAUSE = 0.5;
    private const LOOKS = 50;
    private float $asked = 0.0;
    /** Whether there was more to do when the last slice ended. */
    public bool $isUnfinished = false;

    public function __construct(
        private readonly Hub $hub,
        private readonly Disks $disks,
        private readonly KnownFiles $known,
        private readonly FileHashes $hashes,
        private readonly FilePlaces $places,
        private readonly FileWaits $waits,
        private readonly FileOwners $owners,
        private readonly Uploader $uploader,
        private readonly Fetcher $fetcher,
        private readonly FileSettings $settings,
        private readonly ErrorReport $errors,
        private readonly Dispatcher $events,
    ) {
    }

    /**
     * One slice.
     *
     * @param Closure(): bool $mayGoOn asked before each piece
     * @return int how many files have arrived, here or there
     * @throws CognateException
     */
    public function move(Closure $mayGoOn): int
    {
        if (!$this->places->any()) {
            return 0;
        }
        $moved = $this->lookAgain();
        if (!$this->isUnfinished && microtime(true) - $this->asked < self::PAUSE) {
            return $moved;
        }
        $until = microtime(true) + $this->settings->slice;
        $slice = static fn (): bool => microtime(true) < $until && $mayGoOn();
        $this->isUnfinished = false;
        $due = [];
        $token = '';
        do {
            $page = $this->hub->missing(self::PAGE, $token);
            $token = $page->getNextPageToken();
            $lacking = $here = [];
            foreach ($page->getPlacements() as $placement) {
                $placement->getState() === PlacementState::PLACEMENT_STATE_LACKING ? $lacking[] = $placement : $here[] = $placement;
                $due[bin2hex((string) $placement->getFile()?->getSha256())] = true;
            }
            $moved += $this->send($lacking, $slice) + $this->fetch($here, $slice);
        } while ($token !== '' && $slice());
        if ($token === '') {
            $this->sweep($due);
        }
        $this->isUnfinished = $this->isUnfinished || $token !== '';
        $this->asked = microtime(true);
        return $moved;
    }

    /** Files that records lead to, and that were not there. */
    private function lookAgain(): int
    {
        $found = 0;
        foreach ($this->waits->due(self::LOOKS) as $wait) {
            try {
                if ($this->disks->get($wait->disk)->stat($wait->path) === null) {
                    $this->waits->later($wait);
                    continue;
                }
                $this->waits->later($wait);
                $this->owners->capture($wait->model, $wait->local_id) ? $found++ : $this->waits->remove($wait);
            } catch (FileRefused) {
                $this->waits->later($wait);
            }
        }
        return $found;
    }

    /** @param list<Placement> $lacking */
    private function send(array $lacking, Closure $slice): int
    {
        $small = $large = [];
        foreach ($lacking as $placement) {
            if (!$slice()) {
                $this->isUnfinished = true;
                break;
            }
            $content = $this->own($placement);
            if ($content !== null) {
                $content->size <= Contents::SMALL_BYTES ? $small[$content->sha256] = $content : $large[] = $content;
            }
        }
        $this->uploader->sendSmall($small);
        $sent = count($small);
        foreach ($large as $content) {
            try {
                $this->uploader->send($content, $slice) ? $sent++ : $this->isUnfinished = true;
            } catch (FileRefused $refused) {
                $this->failed($content->ref, $refused);
            }
        }
        return $sent;
    }

    /** @param list<Placement> $due */
    private function fetch(array $due, Closure $slice): int
    {
        if ($due === []) {
            return 0;
        }
        [$results, $isUnfinished] = $this->fetcher->fetch($due, $slice);
        $this->isUnfinished = $this->isUnfinished || $isUnfinished;
        if ($results !== []) {
            $this->hub->place($results);
        }
        return count($results);
    }

    /** A file of here that has the content which others wait for. */
    private function own(Placement $placement): ?FileContent
    {
        $sha256 = bin2hex((string) $placement->getFile()?->getSha256());
        $rows = $this->known->ofHash($sha256);
        foreach ($rows as $row) {
            try {
                if (!KnownFiles::isDue($row)) {
                    return null;
                }
                $content = $this->hashes->of(new FileRef($row->disk, $row->path));
            } catch (FileRefused) {
                return null;
            }
            if ($content !== null && $content->sha256 === $sha256) {
                return $content;
            }
        }
        // It was replaced or removed since: its records are sent as they are by now. Not again and again, should the hub go on to ask.
        $asked = new FileRef('', $placement->getPath());
        if (KnownFiles::isDue($this->known->find($asked->disk, $asked->path))) {
            $refused = new FileRefused('FILE_NOT_THERE', FilePaths::shown($asked->path) . ' is not here any more as it was captured', 60.0);
            $this->failed($asked, $refused);
            $this->owners->captureThoseOf($asked->path);
        }
        return null;
    }

    /**
     * Drafts that nobody waits for any more.
     *
     * @param array<string, true> $due
     */
    private function sweep(array $due): void
    {
        foreach ($this->known->drafts() as $row) {
            if (!isset($due[$row->draft])) {
                $this->disks->get($row->disk)->discard($row->path, $row->draft);
                $this->known->undrafted($row->disk, $row->path);
            }
        }
    }

    private function failed(FileRef $ref, FileRefused $refused): void
    {
        $this->known->failed($ref->disk, $ref->path, $refused->getMessage());
        try {
            $this->events->dispatch(new FileFailed($ref->disk, $ref->path, true, $refused->reason, $refused->getMessage(), $refused->retryDelay !== null));
        } catch (\Throwable $error) {
            $this->errors->tell('a listener of FileFailed failed', $error);
        }
    }
}
