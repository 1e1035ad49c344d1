<?php

declare(strict_types=1);

namespace Cognate\Filament\Widgets;

use Closure;
use Cognate\Client\Exception\CognateException;
use Cognate\Filament\Data\Access;
use Cognate\Filament\Data\Statistics;
use Cognate\Filament\Data\Words;
use Cognate\Laravel\ErrorReport;
use Filament\Widgets\StatsOverviewWidget\Stat;
use Illuminate\Container\Container;

/** Widgets without a hub say so, and leave the dashboard as it is. */
trait AsksHub
{
    public static function canView(): bool
    {
        return Container::getInstance()->make(Access::class)->mayView();
    }

    private static function statistics(): Statistics
    {
        return Container::getInstance()->make(Statistics::class);
    }

    /**
     * @param Closure(): list<Stat> $stats
     * @return list<Stat>
     */
    private static function statsOr(Closure $stats): array
    {
        try {
            return $stats();
        } catch (CognateException $error) {
            return [Stat::make(Words::of('unreachable'), '—')->description(ErrorReport::words($error))->color('danger')];
        }
    }

    private static function stat(string $name, int|string $value, string $color = 'gray', string $description = ''): Stat
    {
        $stat = Stat::make(Words::of("widgets.$name"), $value)->color($color);
        return $description === '' ? $stat : $stat->description($description);
    }
}
