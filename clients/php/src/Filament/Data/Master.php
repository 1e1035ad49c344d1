<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\Client\Exception\CognateException;
use Cognate\Laravel\Definitions;
use Cognate\Laravel\Exceptions\InvalidDefinition;
use Cognate\Laravel\Hub;
use Cognate\V1\GetReplicasRequest;
use Cognate\V1\RecordKey;
use Illuminate\Auth\Access\AuthorizationException;
use Illuminate\Database\Eloquent\Model;

/** The application on which platforms are managed and records are edited. */
final class Master
{
    /** @param array<string, string> $records where a record is edited there, with `{id}` for its id there; by class or name of its model */
    public function __construct(
        private readonly Hub $hub,
        private readonly Definitions $definitions,
        private readonly bool $isHere,
        private readonly string $platform = '',
        private readonly string $url = '',
        private readonly array $records = [],
    ) {
        if ($url !== '' && preg_match('~^https?://~i', $url) !== 1) {
            throw new InvalidDefinition("cognate.master.url: got $url, want an address that begins with https:// or http://");
        }
    }

    /** @param array<string, mixed> $config */
    public static function of(Hub $hub, Definitions $definitions, array $config): self
    {
        return new self(
            $hub,
            $definitions,
            (bool) ($config['is'] ?? false),
            (string) ($config['platform'] ?? ''),
            rtrim((string) ($config['url'] ?? ''), '/'),
            (array) ($config['records'] ?? []),
        );
    }

    public function isHere(): bool
    {
        return $this->isHere;
    }

    public function require(): void
    {
        if (!$this->isHere) {
            throw new AuthorizationException(Words::of('elsewhere', ['url' => $this->url]));
        }
    }

    /** Where the screens of the master are; null: here, or nobody knows. */
    public function url(): ?string
    {
        return $this->isHere || $this->url === '' ? null : $this->url;
    }

    /**
     * Where a record is edited on the master. Null where that is here, is not said, or the master does not have the record. Its id is
     * asked of the hub: the same number there can be another record.
     */
    public function editUrl(Model $record): ?string
    {
        $definition = $this->definitions->of($record);
        if ($this->isHere || $this->url === '' || $this->platform === '' || $definition === null || !$record->exists) {
            return null;
        }
        $pattern = $this->records[$definition->class] ?? $this->records[$definition->name] ?? null;
        if ($pattern === null) {
            return null;
        }
        $id = $this->idThere($definition->name, $definition->localId($record->getAttributes()));
        $path = str_replace('{id}', rawurlencode((string) $id), $pattern);
        return $id === null ? null : $this->url . '/' . ltrim($path, '/');
    }

    private function idThere(string $model, string $localId): ?string
    {
        $key = (new RecordKey())->setPlatform($this->hub->platform())->setModel($model)->setLocalId($localId);
        try {
            $replicas = $this->hub->client()->ledger()->getReplicas((new GetReplicasRequest())->setRecord($key))->getReplicas();
        } catch (CognateException) {
            // A hub that is away is no reason to lock people out of their own records.
            return null;
        }
        foreach ($replicas as $replica) {
            $there = $replica->getRecord();
            if ($there !== null && $there->getPlatform() === $this->platform && $there->getLocalId() !== '' && !$replica->getDeleted()) {
                return $there->getLocalId();
            }
        }
        return null;
    }
}
