"""One month, one file per step of docs/odd.md. `MONTH` is the whole model on one screen."""

from irregsim.model.engine import Part
from irregsim.model.month.births import Births
from irregsim.model.month.choice import Choice, Reconsider
from irregsim.model.month.control import CrimeControl, StreetControl, Tracks, Transport
from irregsim.model.month.exits import Departures, Schemes
from irregsim.model.month.identity import Identity
from irregsim.model.month.inflow import Inflow
from irregsim.model.month.labour import Dismissal, Offers, SideWork, Work
from irregsim.model.month.needs import Needs
from irregsim.model.month.network import Moves, Ties
from irregsim.model.month.reception import Residence, Transfers
from irregsim.model.month.support import Livelihood, Support

#: The parts in order. Step 1 (policy and drivers) is `Values.at`; step 10 (registers, stocks) is in `simulate`.
MONTH: tuple[Part, ...] = (
    Inflow(),  # 2 who comes, and who comes back
    Ties(),  # 3 ties form and wear
    Moves(),  # 3 moves between cities
    Births(),  # 3 children who are born here
    Transfers(),  # 4 centres close; residents go along, walk out or find no place
    Residence(),  # 4 leaving the centre, PU, Dublin transfers
    Identity(),  # 4 identities that the police establish
    Dismissal(),  # 5 employers decide; those no longer willing let people go
    Work(),  # 5 inspections, lost jobs, lost tax cards
    SideWork(),  # 5 the same for side jobs
    Support(),  # 6 hosts end stays, relations break
    Livelihood(),  # 6 ways out of the margins, markets that fail
    Reconsider(),  # 7 a few give up what they have
    Offers(),  # 7 vacancies are offered, ties first, to those who fell this month too
    Choice(),  # 7 from free fall
    Transport(),  # 8 detained persons whose transport is due
    StreetControl(),  # 8 identity control
    CrimeControl(),  # 8 offenders first; the sale of sex
    Tracks(),  # 8 the four tracks, for all whom the police met
    Schemes(),  # 9 regularisation schemes
    Departures(),  # 9 assisted return, onward travel, permits, death
    Needs(),  # health, children, reports: what the outcomes count
)
