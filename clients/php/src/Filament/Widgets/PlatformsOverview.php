<?php

declare(strict_types=1);

namespace Cognate\Filament\Widgets;

use Filament\Widgets\StatsOverviewWidget;

/** Platforms that take what they get, that cannot be reached, and that are locked. */
final class PlatformsOverview extends StatsOverviewWidget
{
    use AsksHub;

    protected ?string $pollingInterval = '15s';

    protected function getStats(): array
    {
        return self::statsOr(static function (): array {
            $count = self::statistics()->platforms();
            return [
                self::stat('active', $count['active'], 'success'),
                self::stat('failing', $count['failing'], $count['failing'] > 0 ? 'danger' : 'gray'),
                self::stat('locked', $count['locked'] + $count['paused'], $count['locked'] > 0 ? 'warning' : 'gray'),
            ];
        });
    }
}
