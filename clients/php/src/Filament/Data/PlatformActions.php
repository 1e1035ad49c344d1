<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\V1\CaptureMode;
use Cognate\V1\Channel;
use Cognate\V1\CreatePlatformRequest;
use Cognate\V1\DeletePlatformRequest;
use Cognate\V1\Platform;
use Cognate\V1\PlatformKind;
use Cognate\V1\PlatformLock;
use Cognate\V1\UpdatePlatformRequest;
use Google\Protobuf\FieldMask;
use Google\Protobuf\Timestamp;

/** What people do with platforms, on the master alone. */
final class PlatformActions
{
    public function __construct(private readonly Connection $connection, private readonly Access $access, private readonly Master $master)
    {
    }

    public function mayManage(): bool
    {
        return $this->master->isHere() && $this->access->mayManage();
    }

    /** A platform with an agent that fetches its deliveries, such as another application with this package. Its key is given out by the command line. */
    public function create(string $id, string $displayName): void
    {
        $this->check();
        $platform = (new Platform())->setName("platforms/$id")->setDisplayName($displayName)->setKind(PlatformKind::PLATFORM_KIND_AGENT)
            ->setChannel(Channel::CHANNEL_AGENT)->setCaptureMode(CaptureMode::CAPTURE_MODE_AGENT);
        $this->connection->client()->platformRegistry()->createPlatform((new CreatePlatformRequest())->setPlatform($platform)->setRequestId(self::uuid()));
    }

    /** @param string $etag of the row that the person saw: what somebody else has changed since is not overwritten */
    public function rename(string $id, string $displayName, string $etag): void
    {
        $this->update((new Platform())->setName("platforms/$id")->setDisplayName($displayName)->setEtag($etag), 'display_name');
    }

    public function lock(string $id, string $reason, ?\DateTimeInterface $until = null): void
    {
        $lock = (new PlatformLock())->setReason($reason);
        if ($until !== null) {
            $lock->setExpireTime((new Timestamp())->setSeconds($until->getTimestamp()));
        }
        $this->update((new Platform())->setName("platforms/$id")->setLock($lock), 'lock');
    }

    public function unlock(string $id): void
    {
        $this->update((new Platform())->setName("platforms/$id"), 'lock');
    }

    /** Refused by the hub as long as a sync names it. */
    public function delete(string $id): void
    {
        $this->check();
        $this->connection->client()->platformRegistry()->deletePlatform((new DeletePlatformRequest())->setName("platforms/$id"));
    }

    private function update(Platform $platform, string $field): void
    {
        $this->check();
        $request = (new UpdatePlatformRequest())->setPlatform($platform)->setUpdateMask((new FieldMask())->setPaths([$field]));
        $this->connection->client()->platformRegistry()->updatePlatform($request);
    }

    private function check(): void
    {
        $this->access->requireManage();
        $this->master->require();
    }

    private static function uuid(): string
    {
        $bytes = random_bytes(16);
        $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40);
        $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
        return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
    }
}
