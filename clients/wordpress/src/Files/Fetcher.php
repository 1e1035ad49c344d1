<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

use Cognate\V1\BatchReadRequest;
use Cognate\V1\MissingRequest;
use Cognate\V1\OutcomeError;
use Cognate\V1\Placement;
use Cognate\V1\PlacementState;
use Cognate\V1\PlaceRequest;
use Cognate\V1\PlaceResult;
use Cognate\WordPress\Hub;
use Google\Protobuf\Duration;

/** Asks what files this site lacks or owes, gets the ones, sends the others. */
final class Fetcher
{
    private const PAGE = 100;
    private const SMALL = 1 << 20;

    public function __construct(
        private readonly Hub $hub,
        private readonly FileIndex $index,
        private readonly Placer $placer,
        private readonly Uploader $uploader,
    ) {
    }

    /**
     * @param \Closure(): bool $mayGoOn
     * @return int how many files were put in place
     */
    public function work(\Closure $mayGoOn): int
    {
        $request = new MissingRequest(['platform' => $this->hub->platform(), 'page_size' => self::PAGE]);
        $due = $lacking = [];
        foreach ($this->hub->client()->fileTransfer()->missing($request)->getPlacements() as $placement) {
            if ($placement->getState() === PlacementState::PLACEMENT_STATE_DUE) {
                $due[] = $placement;
            } elseif ($placement->getState() === PlacementState::PLACEMENT_STATE_LACKING) {
                $hash = bin2hex((string) $placement->getFile()?->getSha256());
                $lacking[] = $this->index->of($hash) ?? $this->index->at($placement->getPath());
            }
        }
        $this->uploader->ensure(array_values(array_filter($lacking)));
        return $this->place($due, $mayGoOn);
    }

    /**
     * @param list<Placement> $due
     * @param \Closure(): bool $mayGoOn
     */
    private function place(array $due, \Closure $mayGoOn): int
    {
        $small = $this->readSmall($due);
        $placed = 0;
        foreach ($due as $placement) {
            if (!$mayGoOn()) {
                break;
            }
            $hash = (string) $placement->getFile()?->getSha256();
            $result = new PlaceResult(['sha256' => $hash, 'path' => $placement->getPath()]);
            try {
                $size = (int) $placement->getFile()?->getSizeBytes();
                $actual = isset($small[$hash])
                    ? $this->placer->put($placement->getPath(), bin2hex($hash), $small[$hash])
                    : $this->placer->fetch($placement->getPath(), bin2hex($hash), $size, $mayGoOn);
                if ($actual === null) {
                    break;
                }
                $actual === $placement->getPath() || $result->setActualPath($actual);
                $placed++;
            } catch (FileRefused $error) {
                $result->setError(new OutcomeError(['reason' => $error->reason, 'message' => $error->getMessage()]));
            } catch (TransferFailed $error) {
                $result->setError(new OutcomeError(['reason' => 'TRANSFER_FAILED', 'message' => $error->getMessage(), 'retry_delay' => new Duration(['seconds' => 10])]));
            }
            // One by one: what a worker that dies has not said is put in place again, and is there already.
            $this->hub->client()->fileTransfer()->place(new PlaceRequest(['platform' => $this->hub->platform(), 'results' => [$result]]));
        }
        return $placed;
    }

    /**
     * @param list<Placement> $due
     * @return array<string, string> contents by hash, as many as come at once
     */
    private function readSmall(array $due): array
    {
        $wanted = [];
        foreach ($due as $placement) {
            $file = $placement->getFile();
            if ($file !== null && (int) $file->getSizeBytes() <= self::SMALL) {
                $wanted[$file->getSha256()] = true;
            }
        }
        if ($wanted === []) {
            return [];
        }
        $request = new BatchReadRequest(['sha256s' => array_map('strval', array_keys($wanted)), 'platform' => $this->hub->platform()]);
        $read = [];
        foreach ($this->hub->client()->fileTransfer()->batchRead($request)->getFiles() as $file) {
            $read[$file->getSha256()] = $file->getData();
        }
        return $read;
    }
}
