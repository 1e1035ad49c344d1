<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Closure;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Files\Contents;
use Cognate\Laravel\ErrorReport;
use Cognate\Laravel\Events\FileFailed;
use Cognate\Laravel\Exceptions\InvalidDefinition;
use Cognate\Laravel\Hub;
use Cognate\V1\OutcomeError;
use Cognate\V1\Placement;
use Cognate\V1\PlacementState;
use Cognate\V1\PlaceResult;
use Illuminate\Contracts\Events\Dispatcher;

/** What the hub lacks and this platform has, and the other way round. In slices of time: a large file does not keep records waiting. */
final class FileTraffic
{
    private const PAGE = 200;
    /** Seconds between two questions while nothing is under way. */
    private const PAUSE = 0.5;
    private const LOOKS = 50;
    /** Looks after which others are told that a file is gone: its disk may be away for a moment, its records be on their way anew. */
    private const LOOKS_IN_VAIN = 2;
    private const LOOKS_IN_VAIN_CAPTURED = 4;
    private float $asked = 0.0;
    private float $sendFrom = 0.0;
    /** @var list<PlaceResult> what is not sent, and never will be */
    private array $answers = [];
    /** Whether there was more to do when the last slice ended. */
    public bool $isUnfinished = false;
    /** Why files are not sent, while others come. */
    public string $error = '';

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
        // What is fetched has its half, however much there is to send.
        $half = $until - $this->settings->slice / 2;
        $sendSlice = static fn (): bool => microtime(true) < $half && $mayGoOn();
        $this->isUnfinished = false;
        $this->error = microtime(true) < $this->sendFrom ? $this->error : '';
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
            $moved += $this->send($lacking, $sendSlice) + $this->fetch($here, $slice);
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

    /**
     * One that is not taken keeps no other one from being sent, and none from being fetched.
     *
     * @param list<Placement> $lacking
     */
    private function send(array $lacking, Closure $slice): int
    {
        if ($lacking === [] || microtime(true) < $this->sendFrom) {
            return 0;
        }
        $sent = 0;
        try {
            $sent = $this->sendEach($lacking, $slice);
        } catch (CognateException $error) {
            $this->sendFrom = microtime(true) + max(2.0, min(60.0, (float) $error->retryDelay));
            $this->error = 'no files are sent: ' . ErrorReport::words($error);
        }
        if ($this->answers !== []) {
            $this->hub->place(array_splice($this->answers, 0));
        }
        return $sent;
    }

    /** @param list<Placement> $lacking */
    private function sendEach(array $lacking, Closure $slice): int
    {
        $small = $large = $paths = [];
        foreach ($lacking as $placement) {
            if (!$slice()) {
                $this->isUnfinished = true;
                break;
            }
            $content = $this->own($placement);
            if ($content !== null) {
                $paths[$content->sha256] = $placement->getPath();
                $content->size <= Contents::SMALL_BYTES ? $small[$content->sha256] = $content : $large[] = $content;
            }
        }
        $notTaken = fn (FileContent $content, CognateException $error) => $this->notTaken($content, $paths[$content->sha256], $error);
        $sent = $this->uploader->sendSmall($small, $notTaken);
        foreach ($large as $content) {
            try {
                $this->uploader->send($content, $slice) ? $sent++ : $this->isUnfinished = true;
            } catch (FileRefused $refused) {
                $this->failed($content->ref, $refused);
            } catch (CognateException $error) {
                if (!Contents::isOfOne($error)) {
                    throw $error;
                }
                $notTaken($content, $error);
            }
        }
        return $sent;
    }

    private function notTaken(FileContent $content, string $path, CognateException $error): void
    {
        $isForGood = Contents::isForGood($error);
        $refused = new FileRefused($error->reason, ErrorReport::words($error), $isForGood ? null : (float) $error->retryDelay);
        $this->failed($content->ref, $refused);
        $this->error = FilePaths::shown($content->ref->path) . " is not sent: {$refused->getMessage()}";
        if ($isForGood) {
            $this->answer($content->sha256, $path, $refused);
        }
    }

    /** The records that need it are rejected, rather than to wait for what does not come. */
    private function answer(string $sha256, string $path, FileRefused $refused): void
    {
        $error = (new OutcomeError())->setReason($refused->reason)->setMessage($refused->getMessage());
        $this->answers[] = (new PlaceResult())->setSha256((string) hex2bin($sha256))->setPath($path)->setError($error);
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
            } catch (InvalidDefinition) {
                // Its disk is not configured any more.
                continue;
            }
            if ($content !== null && $content->sha256 === $sha256) {
                return $content;
            }
        }
        $this->gone($placement->getPath(), $sha256);
        return null;
    }

    /** It was replaced or removed since: its records are sent as they are by now, now and then, should the hub go on to ask. If there are none, it is told. */
    private function gone(string $path, string $sha256): void
    {
        $asked = new FileRef('', $path);
        $row = $this->known->find($asked->disk, $asked->path);
        if ($path === '' || !KnownFiles::isDue($row)) {
            return;
        }
        $refused = new FileRefused('FILE_NOT_THERE', FilePaths::shown($path) . ' is not here any more as it was captured', 60.0);
        $this->failed($asked, $refused);
        $captured = $this->owners->captureThoseOf($path);
        if ((int) ($row->attempts ?? 0) + 1 >= ($captured === 0 ? self::LOOKS_IN_VAIN : self::LOOKS_IN_VAIN_CAPTURED)) {
            $this->answer($sha256, $path, $refused);
            $this->known->gone($asked->disk, $asked->path);
        }
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
